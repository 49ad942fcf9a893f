package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/protocol/cades/cadestest"
)

// TestBadServers: servers that answer anything at all are told what is wrong; the kit neither falls over
// nor waits for ever.
func TestBadServers(t *testing.T) {
	pki := cadestest.NewPKI()
	for name, handler := range map[string]http.HandlerFunc{
		"nothing":  func(http.ResponseWriter, *http.Request) {},
		"null":     func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "null") },
		"a list":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[{"state":[]}]`) },
		"a page":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html><odnowa-renewal>") },
		"errors":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example/", http.StatusFound)
		},
		"only states": onlyStates,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(handler)
			defer server.Close()
			c := &Config{
				BaseURL: server.URL, Codes: Codes{Fresh: "AAAA-BBBB-CCCC", Unknown: "BBBB", Expired: "CCCC", OtherProduct: "DDDD"},
				Phone:  Phone{Command: []string{"echo", "123456"}},
				holder: signer{pki.P256.Key, pki.P256.Cert}, otherPerson: pki.Other.Cert,
			}
			if err := c.check(); err == nil { // sets what is left out
				t.Fatal("a configuration without files is good")
			}
			begin := time.Now()
			report, err := Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if report.Count(Failed) == 0 {
				t.Error("nothing has failed")
			}
			if took := time.Since(begin); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
			for _, r := range report.Results {
				if strings.Contains(r.Got+r.Request, c.Codes.Fresh) {
					t.Errorf("%s: the report has the code", r.ID)
				}
			}
		})
	}
}

// onlyStates answers every step with its state and nothing else.
func onlyStates(w http.ResponseWriter, r *http.Request) {
	route := r.Method + " " + strings.TrimPrefix(r.URL.Path, basePath)
	state := map[string]string{
		"POST /renewal": "opened", "PUT /renewal/start": "start_chosen", "PUT /renewal/certificate": "certificate_chosen",
		"POST /renewal/application": "application_drawn_up", "DELETE /renewal/application": "opened", "PUT /renewal/terms": "terms_accepted",
		"PUT /renewal/application/signature": "application_signed", "PUT /renewal/contact": "contact_given",
		"POST /renewal/confirmation": "confirmation_drawn_up", "PUT /renewal/confirmation/signature": "issued", "POST /renewal/issue": "issued",
	}[route]
	switch {
	case strings.HasSuffix(route, "/signing"):
		json.NewEncoder(w).Encode(object{"format": "pades", "seal": "a.b.c", "document": object{"bytes": []byte("<" + strings.Repeat("0", 70) + ">")}}) //nolint:errcheck // the kit is gone
	case strings.HasSuffix(route, "/events"):
		fmt.Fprint(w, "event: renewal\nid: 1\ndata: {\"phone\":{\"state\":\"ready\"}}\n\n")
	case strings.HasSuffix(route, ".pem"):
		fmt.Fprint(w, "-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n")
	case route == "GET /renewal":
		fmt.Fprint(w, `{"state":"application_signed"}`)
	default:
		http.SetCookie(w, &http.Cookie{Name: "s", Value: strings.Repeat("a", 30)})
		json.NewEncoder(w).Encode(object{"state": state}) //nolint:errcheck // the kit is gone
	}
}
