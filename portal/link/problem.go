package link

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Problem is an error on the wire (RFC 9457) and, on the client's side, the error itself. Code is
// symbolic and what programs decide by; Title is for operators, without personal data.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
	// TriesLeft of the PIN that was wrong, where the server tells it.
	TriesLeft int `json:"triesLeft,omitempty"`
}

// Codes that every server of a link gives. The others are each API's own.
const (
	CodeRequestMalformed = "request_malformed" // not JSON of the expected shape, or unknown fields
	CodeRequestTooLarge  = "request_too_large"
	CodeMediaType        = "media_type" // Content-Type is not application/json
	CodeInternal         = "internal"
)

const problemType = "application/problem+json"

func (p *Problem) Error() string { return fmt.Sprintf("%s (%d): %s", p.Code, p.Status, p.Title) }

// WriteProblem answers with a problem document.
func WriteProblem(w http.ResponseWriter, status int, code, title string) {
	(&Problem{Title: title, Status: status, Code: code}).Write(w)
}

// Write answers with this problem; Type is filled in.
func (p *Problem) Write(w http.ResponseWriter) {
	q := *p
	q.Type = "about:blank"
	answer(w, q.Status, problemType, q)
}

// WriteJSON answers with a value.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	answer(w, status, "application/json", v)
}

func answer(w http.ResponseWriter, status int, mediaType string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(b) //nolint:errcheck // the client is gone; there is nobody to tell
}
