package link

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// MaxBody is the most bytes of a request or an answer: an application of 1 MiB in base64, twice.
const MaxBody = 4 << 20

// ReadJSON reads a request's body strictly: application/json, at most MaxBody, one value, no unknown
// fields. When it fails it has answered with a problem and gives false.
func ReadJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		WriteProblem(w, http.StatusUnsupportedMediaType, CodeMediaType, "the body has to be application/json")
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return true
		}
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		WriteProblem(w, http.StatusRequestEntityTooLarge, CodeRequestTooLarge, "the body is too large")
		return false
	}
	WriteProblem(w, http.StatusBadRequest, CodeRequestMalformed, "the body is not what this call takes")
	return false
}

// Do calls an internal API: in is sent as JSON unless nil, the answer is read into out unless nil.
// Unknown fields of the answer are ignored. A problem document comes back as a *Problem.
func Do(ctx context.Context, client *http.Client, method, url string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encoding request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return fmt.Errorf("making request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("calling: %w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, MaxBody+1))
	if err != nil {
		return fmt.Errorf("reading answer: %w", err)
	}
	if len(b) > MaxBody {
		return errors.New("reading answer: too large")
	}
	return decode(res, b, out)
}

func decode(res *http.Response, b []byte, out any) error {
	mediaType, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		var p Problem
		if mediaType != problemType || json.Unmarshal(b, &p) != nil || p.Code == "" {
			return fmt.Errorf("answer has status %d and no problem document", res.StatusCode)
		}
		p.Status = res.StatusCode
		return &p
	}
	if out == nil {
		return nil
	}
	if mediaType != "application/json" {
		return errors.New("answer is not JSON")
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("decoding answer: %w", err)
	}
	return nil
}
