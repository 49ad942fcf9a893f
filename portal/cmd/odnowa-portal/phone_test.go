package main

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/odnowa/odnowa/portal/sandbox"
)

// phone is the phone app without its screens.
type phone struct {
	*sandbox.SoftPhone
	w    *world
	seen strings.Builder // everything that the SAM has ever told it
}

func (w *world) phone() *phone {
	soft, err := sandbox.NewSoftPhone()
	w.must(err)
	return &phone{SoftPhone: soft, w: w}
}

type object map[string]any

// call posts to the phone API; the answer is the code of the refusal, or empty.
func (p *phone) call(path string, in, out any) string {
	p.w.t.Helper()
	header := map[string]string{"Origin": p.w.box.URLs.Phone, "Authorization": "Bearer " + p.Welcome.Phone}
	a := p.w.send("POST", p.w.box.URLs.Phone+"/api/v1/"+path, header, in)
	p.seen.Write(a.body)
	if a.status != 200 {
		return a.problem().Code
	}
	if out != nil {
		p.w.must(json.Unmarshal(a.body, out))
	}
	return ""
}

// scan reads a QR code, which is an address with the token in its fragment.
func (p *phone) scan(url string) string {
	p.w.t.Helper()
	_, token, _ := strings.Cut(url, "#")
	return p.call("scan", object{"token": token}, &p.Welcome)
}

// state is why the phone can't go on, or empty.
func (p *phone) state() string {
	p.w.t.Helper()
	return p.call("state", object{"enrolment": p.Welcome.Enrolment}, nil)
}

func (p *phone) want(want, got string) {
	p.w.t.Helper()
	if got != want {
		p.w.t.Fatalf("phone: got %q, want %q", got, want)
	}
}

// enrol goes from the scan to the six digits that the phone shows.
func (p *phone) enrol(url string) string {
	p.w.t.Helper()
	p.want("", p.scan(url))
	code, err := p.Enrol(func(path string, in, out any) error {
		if refusal := p.call(path, in, out); refusal != "" {
			return errors.New(refusal)
		}
		return nil
	})
	p.w.must(err)
	return code
}
