package service

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/odnowa/odnowa/agent/frame"
)

// FuzzMessage: a message of the handshake that is taken says the same when it is written again.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"type":"pair","key":"AAAA","commitment":"AAAA","extension":"a@b.example"}`))
	f.Add([]byte(`{"type":"prove","pairing":"00","nonce":"AA==","proof":""}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parse(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parse(again)
		if err != nil || back.Type != m.Type || string(back.Nonce) != string(m.Nonce) || back.Extension != m.Extension {
			t.Errorf("%+v comes back as %+v, %v", m, back, err)
		}
	})
}

// FuzzOrigin: an Origin that is an extension's names its browser, and what it names is what was sent.
func FuzzOrigin(f *testing.F) {
	f.Add("chrome-extension://abcdefghijklmnopabcdefghijklmnop")
	f.Add("moz-extension://01234567-89ab-cdef-0123-456789abcdef")
	f.Add("https://ca.example")
	f.Fuzz(func(t *testing.T, origin string) {
		var c caller
		if !c.read(origin) {
			return
		}
		if c.origin != origin || (c.Browser == frame.Chromium && "chrome-extension://"+c.Extension != origin) || (c.Browser == frame.Firefox && c.Extension != "") {
			t.Errorf("%q is read as %+v", origin, c)
		}
		if reflect.DeepEqual(c, caller{}) {
			t.Error("nothing was read")
		}
	})
}
