package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// bodies names the members of each operation's body, all of them required, with the most bytes of
// their JSON; operations that are not listed take none. The generated code would let unknown and
// missing members pass. A test holds the table against the contract.
var bodies = map[string]map[string]int{
	"POST /renewal":                       {"code": 64},
	"PUT /renewal/start":                  {"start": 16},
	"PUT /renewal/certificate":            {"certificate": 16384},
	"POST /renewal/application":           {"language": 2},
	"PUT /renewal/terms":                  {"terms": 64, "privacy": 64},
	"PUT /renewal/application/signature":  {"cms": 65536},
	"PUT /renewal/contact":                {"email": maxEmail, "phone": 24},
	"PUT /renewal/confirmation/signature": {"cms": 65536},
}

// quoting is what JSON may add to a string's bytes: each as \u00xx, and the quotes.
func quoting(n int) int { return 6*n + 2 }

// strictBody reads the body before the generated code does and refuses what the contract does not
// name. It runs behind the mux, which has set the request's pattern.
func (s *server) strictBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			s.fail(w, r, because(InvalidRequest, err))
			return
		}
		members := bodies[strings.Replace(r.Pattern, basePath, "", 1)]
		if members == nil {
			if len(b) != 0 {
				s.fail(w, r, refuse(InvalidRequest))
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/json" || !exactly(b, members) {
			s.fail(w, r, refuse(InvalidRequest))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		next.ServeHTTP(w, r)
	})
}

// exactly tells whether b is one JSON object with these string members, each once, in this spelling.
func exactly(b []byte, members map[string]int) bool {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		key, ok := name.(string)
		limit, known := members[key]
		if err != nil || !ok || !known || seen[key] {
			return false
		}
		seen[key] = true
		var raw json.RawMessage
		var value *string
		if d.Decode(&raw) != nil || len(raw) > quoting(limit) || json.Unmarshal(raw, &value) != nil || value == nil || len([]rune(*value)) > limit {
			return false
		}
	}
	if _, err := d.Token(); err != nil || len(seen) != len(members) {
		return false
	}
	_, err := d.Token()
	return errors.Is(err, io.EOF)
}
