package issuer_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/portal/issuer"
)

func TestRevokeCommand(t *testing.T) {
	w := newWorld(t)
	w.unrevokeAtEnd(w.holder)
	serial := w.holder.SerialNumber.Text(16)
	for name, tt := range map[string]struct {
		args         []string
		code         int
		said, failed string
	}{
		"no serial number":         {nil, 2, "", "usage: odnowa-portal revoke"},
		"a key in the cloud stays": {[]string{serial}, 0, serial + " revoked since ", ""},
		"and how to destroy it":    {[]string{serial}, 0, "--sam URL", ""},
		"no such SAM":              {[]string{"--sam", "https://127.0.0.1:1", serial}, 1, serial + " revoked since ", "is not destroyed yet. Run the command again."},
		"no such certificate":      {[]string{"4711"}, 1, "", "certificate_unknown"},
		"no such reason":           {[]string{"--reason", "6", serial}, 1, "", "revocation_malformed"},
		"no link":                  {[]string{"--link", "/nonexistent", serial}, 1, "", "loading link certificate"},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"--link", w.box.Operator, "--issuer", w.box.URLs.Issuer}, tt.args...)
		code := issuer.RevokeMain(t.Context(), args, &stdout, &stderr)
		if code != tt.code || !strings.Contains(stdout.String(), tt.said) || !strings.Contains(stderr.String(), tt.failed) {
			t.Errorf("%s: exit code %d, %q, %q", name, code, stdout.String(), stderr.String())
		}
	}
}
