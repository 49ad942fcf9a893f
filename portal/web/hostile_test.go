package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/renewal"
)

// TestHostileRequests: what other websites, other hosts and other programs may send.
func TestHostileRequests(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	const good = `{"start":"now"}`
	type change func(r *http.Request)
	header := func(name string, values ...string) change {
		return func(r *http.Request) {
			r.Header.Del(name)
			for _, v := range values {
				r.Header.Add(name, v)
			}
		}
	}
	for name, c := range map[string]struct {
		body   string
		change change
		status int
		code   Code
	}{
		"good":                       {good, nil, 200, ""},
		"good, old browser":          {good, header("Sec-Fetch-Site"), 200, ""},
		"good, charset":              {good, header("Content-Type", "application/json; charset=utf-8"), 200, ""},
		"no Origin":                  {good, header("Origin"), 403, OriginNotAllowed},
		"null Origin":                {good, header("Origin", "null"), 403, OriginNotAllowed},
		"other Origin":               {good, header("Origin", "http://evil.test"), 403, OriginNotAllowed},
		"Origin with our prefix":     {good, header("Origin", testOrigin+".evil.test"), 403, OriginNotAllowed},
		"Origin, other port":         {good, header("Origin", "http://odnowa.localhost:8701"), 403, OriginNotAllowed},
		"Origin, other scheme":       {good, header("Origin", "https://odnowa.localhost:8700"), 403, OriginNotAllowed},
		"two Origins":                {good, header("Origin", testOrigin, testOrigin), 403, OriginNotAllowed},
		"cross-site":                 {good, header("Sec-Fetch-Site", "cross-site"), 403, OriginNotAllowed},
		"same-site":                  {good, header("Sec-Fetch-Site", "same-site"), 403, OriginNotAllowed},
		"typed address":              {good, header("Sec-Fetch-Site", "none"), 403, OriginNotAllowed},
		"other host":                 {good, func(r *http.Request) { r.Host = "evil.test" }, 421, ""},
		"other port":                 {good, func(r *http.Request) { r.Host = "odnowa.localhost:8701" }, 421, ""},
		"no host":                    {good, func(r *http.Request) { r.Host = "" }, 421, ""},
		"form":                       {"start=now", header("Content-Type", "application/x-www-form-urlencoded"), 400, InvalidRequest},
		"text":                       {good, header("Content-Type", "text/plain"), 400, InvalidRequest},
		"no content type":            {good, header("Content-Type"), 400, InvalidRequest},
		"no body":                    {"", nil, 400, InvalidRequest},
		"not JSON":                   {"start", nil, 400, InvalidRequest},
		"array":                      {"[]", nil, 400, InvalidRequest},
		"null":                       {"null", nil, 400, InvalidRequest},
		"unknown member":             {`{"start":"now","state":"issued"}`, nil, 400, InvalidRequest},
		"member twice":               {`{"start":"now","start":"after_current"}`, nil, 400, InvalidRequest},
		"member in other case":       {`{"Start":"now"}`, nil, 400, InvalidRequest},
		"missing member":             {`{}`, nil, 400, InvalidRequest},
		"null member":                {`{"start":null}`, nil, 400, InvalidRequest},
		"member of another type":     {`{"start":1}`, nil, 400, InvalidRequest},
		"value that is none":         {`{"start":"never"}`, nil, 400, InvalidRequest},
		"something behind":           {good + "{}", nil, 400, InvalidRequest},
		"half":                       {`{"start":"now"`, nil, 400, InvalidRequest},
		"too long for its member":    {`{"start":"` + strings.Repeat("n", 200) + `"}`, nil, 400, InvalidRequest},
		"too long for any request":   {`{"start":"` + strings.Repeat("n", maxRequest) + `"}`, nil, 400, InvalidRequest},
		"other method":               {good, func(r *http.Request) { r.Method = "PATCH" }, 405, ""},
		"other address":              {good, func(r *http.Request) { r.URL.Path = basePath + "/renewals" }, 404, ""},
		"session slipped in":         {good, header("Cookie", cookieName+"=evil", cookieName+"="+b.cookie), 401, NoSession},
		"session under another name": {good, header("Cookie", "__Host-"+cookieName+"="+b.cookie), 401, NoSession},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "PUT", testOrigin+basePath+"/renewal/start", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", testOrigin)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(&http.Cookie{Name: cookieName, Value: b.cookie})
		if c.change != nil {
			c.change(r)
		}
		w := httptest.NewRecorder()
		x.handler.ServeHTTP(deadlines{w}, r)
		var p Problem
		if c.code != "" && json.Unmarshal(w.Body.Bytes(), &p) != nil {
			t.Errorf("%s: no problem document", name)
		}
		if w.Code != c.status || p.Code != c.code || c.code != "" && (p.Title == "" || p.Status != w.Code || p.Type != AboutBlank) {
			t.Errorf("%s: %d %s, want %d %s", name, w.Code, p.Code, c.status, c.code)
		}
		checkHeaders(t, name, w.Header())
	}
	if strings.Contains(x.logs.String(), "renewals") || strings.Contains(x.logs.String(), "evil") {
		t.Error("what strangers send gets into the log")
	}
}

func checkHeaders(t *testing.T, name string, h http.Header) {
	t.Helper()
	for header, want := range map[string]string{
		"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
	} {
		if h.Get(header) != want && !(header == "Cache-Control" && strings.HasPrefix(h.Get("Content-Type"), "text/html")) {
			t.Errorf("%s: %s is %q", name, header, h.Get(header))
		}
	}
}

// TestReadsFromOtherSites: another site's page gets nothing out of the API, not even as a picture.
func TestReadsFromOtherSites(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	for site, want := range map[string]int{"": 200, "none": 200, "same-origin": 200, "same-site": 403, "cross-site": 403} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", testOrigin+basePath+"/renewal", nil)
		r.AddCookie(&http.Cookie{Name: cookieName, Value: b.cookie})
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
		}
		w := httptest.NewRecorder()
		x.handler.ServeHTTP(deadlines{w}, r)
		if w.Code != want {
			t.Errorf("Sec-Fetch-Site %q: %d, want %d", site, w.Code, want)
		}
	}
}

// TestBodiesFollowContract holds the table of bodies against the generated types.
func TestBodiesFollowContract(t *testing.T) {
	types := map[string]any{
		"POST /renewal": OpenRenewalJSONRequestBody{}, "PUT /renewal/start": SetStartJSONRequestBody{},
		"PUT /renewal/certificate": SetCertificateJSONRequestBody{}, "POST /renewal/application": DrawUpApplicationJSONRequestBody{},
		"PUT /renewal/terms": AcceptTermsJSONRequestBody{}, "PUT /renewal/application/signature": SignApplicationJSONRequestBody{},
		"PUT /renewal/contact": SetContactJSONRequestBody{}, "PUT /renewal/confirmation/signature": SignConfirmationJSONRequestBody{},
	}
	if len(types) != len(bodies) {
		t.Errorf("%d bodies in the contract, %d in the table", len(types), len(bodies))
	}
	for op, v := range types {
		typ := reflect.TypeOf(v)
		if typ.NumField() != len(bodies[op]) {
			t.Errorf("%s: %d members in the contract, %d in the table", op, typ.NumField(), len(bodies[op]))
		}
		for i := range typ.NumField() {
			if name := typ.Field(i).Tag.Get("json"); bodies[op][name] == 0 {
				t.Errorf("%s: %s is not in the table", op, name)
			}
		}
	}
}

// TestBodyWhereNoneIsTaken: an operation without a body refuses one.
func TestBodyWhereNoneIsTaken(t *testing.T) {
	b := newSite(t).browser(t)
	if a := b.do(t, "DELETE", "/renewal/application", map[string]string{"x": "y"}); a.Problem.Code != InvalidRequest {
		t.Errorf("%s", a)
	}
}

func TestProblemsHaveTitles(t *testing.T) {
	for code := range statuses {
		if titles[code] == "" {
			t.Errorf("%s has no title", code)
		}
	}
	for code := range titles {
		if !code.Valid() {
			t.Errorf("%s is not in the contract", code)
		}
	}
}

func TestCookie(t *testing.T) {
	x := newSite(t)
	b := &browser{site: x}
	a := b.do(t, "POST", "/renewal", OpenRenewal{Code: x.sell(t)})
	c := a.Result().Cookies()[0]
	if c.Name != "odnowa_session" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || len(c.Value) != 43 {
		t.Errorf("cookie %s", c)
	}
	a = b.do(t, "POST", "/renewal/leave", nil)
	if a.Code != http.StatusNoContent || a.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("leaving: %s", a)
	}
	if b.cookie = c.Value; b.do(t, "GET", "/renewal", nil).Problem.Code != NoSession {
		t.Error("the session is still good after leaving")
	}
}

func TestCodeRefusals(t *testing.T) {
	x := newSite(t)
	b := &browser{site: x}
	card, err := x.store.CreateCode(t.Context(), renewal.Offer{Months: 12, Target: renewal.TargetCard})
	if err != nil {
		t.Fatal(err)
	}
	unknown := newSite(t).sell(t)
	for code, want := range map[string]Code{"": CodeMalformed, "ABCD": CodeMalformed, unknown[1:]: CodeMalformed, unknown: CodeUnknown, card: CodeOtherProduct} {
		if a := b.do(t, "POST", "/renewal", OpenRenewal{Code: code}); a.Code != http.StatusUnprocessableEntity || a.Problem.Code != want || b.cookie != "" {
			t.Errorf("%s, want %s", a, want)
		}
	}
	var a answer
	for range renewal.TriesPerClient {
		a = b.do(t, "POST", "/renewal", OpenRenewal{Code: unknown})
	}
	seconds, _ := strconv.Atoi(a.Header().Get("Retry-After"))
	if a.Code != http.StatusTooManyRequests || a.Problem.Code != CodeTriesExceeded || seconds < 1 || seconds > 3600 {
		t.Errorf("%s, Retry-After %d", a, seconds)
	}
}

func TestClient(t *testing.T) {
	s := &server{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for name, c := range map[string]struct {
		peer, forwarded, want string
	}{
		"direct":                {"192.0.2.1:5", "", "192.0.2.1"},
		"direct, invented":      {"192.0.2.1:5", "198.51.100.9", "192.0.2.1"},
		"behind a proxy":        {"10.1.2.3:5", "192.0.2.1", "192.0.2.1"},
		"behind two":            {"10.1.2.3:5", "198.51.100.9, 192.0.2.1, 10.9.9.9", "192.0.2.1"},
		"behind, nonsense":      {"10.1.2.3:5", "nonsense", "10.1.2.3"},
		"IPv6 counts a network": {"[2001:db8:1:2:3::4]:5", "", "2001:db8:1:2::/64"},
		"IPv4 in IPv6":          {"[::ffff:192.0.2.1]:5", "", "192.0.2.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := s.clientOf(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestTermsChanged(t *testing.T) {
	b := newSite(t).browser(t)
	b.walk(t, ApplicationDrawnUp)
	if a := b.do(t, "PUT", "/renewal/terms", AcceptTerms{Terms: "0.9", Privacy: privacy.version}); a.Code != http.StatusConflict || a.Problem.Code != TermsChanged {
		t.Errorf("%s", a)
	}
	b.walk(t, TermsAccepted)
	kept := b.stored(t).Terms
	if kept.TermsSHA256 != terms.hash() || kept.PrivacySHA256 != privacy.hash() || time.Since(kept.At) > time.Minute {
		t.Errorf("kept %+v", kept)
	}
}
