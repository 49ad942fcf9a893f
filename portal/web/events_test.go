package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/odnowa/odnowa/portal/renewal"
)

// listen opens a stream over a real connection.
func (b *browser) listen(t *testing.T) (next func() Renewal, closed func() bool) {
	t.Helper()
	s := httptest.NewServer(b.site.handler)
	t.Cleanup(s.Close)
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+basePath+"/renewal/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = b.site.cfg.host()
	r.AddCookie(&http.Cookie{Name: cookieName, Value: b.cookie})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("stream: %d %v", res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	next = func() Renewal {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var out Renewal
				if err := json.Unmarshal([]byte(data), &out); err != nil {
					t.Fatal(err)
				}
				return out
			}
		}
		t.Fatalf("the stream has ended: %v", lines.Err())
		return Renewal{}
	}
	return next, func() bool {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "data: ") {
				return false
			}
		}
		return lines.Err() == nil
	}
}

func TestEvents(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, ApplicationSigned)
	next, closed := b.listen(t)
	// until reads events until one shows it: several changes may come as one, and one as several.
	until := func(what string, shows func(Renewal) bool) {
		t.Helper()
		for last := int64(0); ; {
			r := next()
			if r.Version <= last {
				t.Errorf("%s: version %d after %d", what, r.Version, last)
			}
			if last = r.Version; shows(r) {
				return
			}
		}
	}
	until("at once", func(r Renewal) bool { return r.State == ApplicationSigned && r.Phone.State == Waiting })
	id := b.enrolment(t)
	x.sam.update(id, func(e *enrolment) { e.State = renewal.PhoneScanned })
	until("scanned", func(r Renewal) bool { return r.Phone.State == Scanned })
	x.sam.ready(id, "654321")
	until("ready", func(r Renewal) bool { return r.Phone.State == Ready && *r.Phone.Code == "654321" })
	b.ok(t, "PUT", "/renewal/contact", Contact{Email: testEmail, Phone: testPhone})
	until("own change", func(r Renewal) bool { return r.State == ContactGiven })
	b.ok(t, "POST", "/renewal/confirmation", nil)
	until("own change", func(r Renewal) bool { return r.State == ConfirmationDrawnUp })
	x.sam.ready(id, "111111")
	until("another phone: the confirmation falls by itself", func(r Renewal) bool { return r.State == ContactGiven && *r.Phone.Code == "111111" })
	(&browser{site: x}).ok(t, "POST", "/renewal", OpenRenewal{Code: b.code})
	if !closed() {
		t.Error("the stream goes on though another browser carries the renewal")
	}
}

// TestOneQuestionForAllStreams: however many watch, the SAM is asked once at a time, and not at all
// when nobody does.
func TestOneQuestionForAllStreams(t *testing.T) {
	x := newSite(t)
	b := x.browser(t)
	b.walk(t, ApplicationSigned)
	id := b.stored(t).ID
	var releases []func()
	for i := range maxStreams {
		release, ok := x.follow.follow(id)
		if !ok {
			t.Fatalf("stream %d refused", i)
		}
		releases = append(releases, release)
	}
	if _, ok := x.follow.follow(id); ok {
		t.Error("one too many")
	}
	changed, stop := x.store.Watch(id)
	defer stop()
	x.sam.ready(b.enrolment(t), "123456")
	<-changed
	if n := x.sam.count("wait"); n > 3 {
		t.Errorf("the SAM was asked %d times", n)
	}
	for _, release := range releases {
		release()
		release() // twice does no harm
	}
	if len(x.follow.followed) != 0 {
		t.Error("followed though nobody watches")
	}
}

func TestEventsWithoutSession(t *testing.T) {
	x := newSite(t)
	if a := (&browser{site: x}).do(t, "GET", "/renewal/events", nil); a.Problem.Code != NoSession {
		t.Errorf("%s", a)
	}
}

// TestKeepAlive: a quiet stream carries a comment every 20 s, and ends with the request.
func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newSite(t)
		b := x.browser(t)
		ctx, cancel := context.WithCancel(t.Context())
		st := &stream{server: x.server, ctx: ctx, session: b.cookie, id: b.stored(t).ID, release: func() {}}
		w := httptest.NewRecorder()
		done := make(chan error)
		go func() { done <- st.VisitWatchRenewalResponse(deadlines{w}) }()
		time.Sleep(2*keepAlive + time.Second)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := strings.Count(w.Body.String(), ": still here\n\n"); n != 2 || strings.Count(w.Body.String(), "event: renewal\n") != 1 {
			t.Errorf("%d comments in %q", n, w.Body)
		}
		x.store.Close()
	})
}
