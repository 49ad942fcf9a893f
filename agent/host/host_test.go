package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/protocol/bridge"
)

func TestRecognise(t *testing.T) {
	id := strings.Repeat("a", 32)
	manifest, module := "/usr/lib/mozilla/native-messaging-hosts/pl.odnowa.agent.json", "/usr/lib/x.so"
	if runtime.GOOS == "windows" {
		manifest, module = `C:\Program Files\Odnowa\firefox.json`, `C:\Windows\System32\x.dll`
	}
	for _, c := range []struct {
		args    []string
		browser frame.Browser
		id      string
	}{
		{[]string{"chrome-extension://" + id + "/"}, frame.Chromium, id},
		{[]string{"chrome-extension://" + id + "/", "--parent-window=7"}, frame.Chromium, id},
		{[]string{manifest, "a@b"}, frame.Firefox, "a@b"},
		{nil, "", ""},
		{[]string{"chrome-extension://" + id}, "", ""},
		{[]string{"chrome-extension://" + id + "/x"}, "", ""},
		{[]string{"chrome-extension://" + strings.Repeat("z", 32) + "/"}, "", ""},
		{[]string{"pl.odnowa.agent.json", "a@b"}, "", ""},
		{[]string{manifest}, "", ""},
		{[]string{"certificates", "--json"}, "", ""},
		{[]string{"module-worker", module}, "", ""},
	} {
		p, ok := Recognise(c.args)
		if ok != (c.id != "") || (ok && (p.Browser != c.browser || p.Extension != c.id || p.Role != frame.RoleHost)) {
			t.Errorf("%q: got %+v, %v", c.args, p, ok)
		}
	}
}

// TestNoSession: where no session can be started the browser gets an answer to its request.
func TestNoSession(t *testing.T) {
	failed, bad := errors.New("no"), bridge.Errorf(bridge.CodePolicyInvalid, nil)
	for _, c := range []struct {
		request, id string
		failed      error
		code        string
	}{
		{`{"jsonrpc":"2.0","id":"r1","method":"agent.hello"}`, `"r1"`, failed, "no_session"},
		{`nonsense`, `null`, failed, "no_session"}, {`{}`, `null`, failed, "no_session"},
		{`{"jsonrpc":"2.0","id":7,"method":"agent.hello"}`, `7`, bad, "policy_invalid"},
	} {
		var in, out bytes.Buffer
		if err := frame.Write(&in, []byte(c.request)); err != nil {
			t.Fatal(err)
		}
		h := Host{Socket: filepath.Join(t.TempDir(), "none.sock"), Start: func() error { return c.failed }}
		if err := h.Run(context.Background(), io.NopCloser(&in), &out); !errors.Is(err, c.failed) {
			t.Errorf("got %v", err)
		}
		body, err := frame.Read(&out, bridge.MaxMessage)
		if err != nil || !bytes.Contains(body, []byte(`"id":`+c.id)) || !bytes.Contains(body, []byte(`"data":{"code":"`+c.code+`"}`)) {
			t.Errorf("got %s, %v", body, err)
		}
	}
}

// FuzzRecognise: what is recognised names exactly the extension of the argument, and nothing else is.
func FuzzRecognise(f *testing.F) {
	f.Add("chrome-extension://abcdefghijklmnopabcdefghijklmnop/", "")
	f.Add("/usr/lib/mozilla/native-messaging-hosts/pl.odnowa.agent.json", "a@b.example")
	f.Add("session", "")
	f.Fuzz(func(t *testing.T, first, second string) {
		p, ok := Recognise([]string{first, second})
		switch {
		case !ok && p.Extension != "":
			t.Errorf("not recognised, and named %q", p.Extension)
		case ok && p.Browser == frame.Chromium && first != "chrome-extension://"+p.Extension+"/":
			t.Errorf("%q is recognised as %q", first, p.Extension)
		case ok && p.Browser == frame.Firefox && (second != p.Extension || !filepath.IsAbs(first)):
			t.Errorf("%q, %q is recognised as %q", first, second, p.Extension)
		}
	})
}
