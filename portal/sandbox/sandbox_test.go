package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/portal/issuer"
	"github.com/odnowa/odnowa/portal/sam"
	"github.com/odnowa/odnowa/portal/web"
)

// TestSandbox makes one sandbox for all that is looked at: its RSA keys take seconds.
func TestSandbox(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, BasePort: 8700, AgentPort: 22701, PhoneApp: filepath.Join(dir, "app"), SDK: filepath.Join(dir, "sdk")}
	s, err := Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("again", func(t *testing.T) {
		if _, err := Create(t.Context(), o); !errors.Is(err, ErrNotEmpty) {
			t.Errorf("Create over a sandbox: %v", err)
		}
	})
	t.Run("load", func(t *testing.T) {
		if again, err := Load(dir); err != nil || *again != *s {
			t.Errorf("Load = %+v, %v", again, err)
		}
	})
	t.Run("configs", func(t *testing.T) {
		if _, err := issuer.LoadConfig(s.Configs.Issuer); err != nil {
			t.Error(err)
		}
		if _, err := sam.LoadConfig(s.Configs.SAM); err != nil {
			t.Error(err)
		}
		if _, err := web.LoadConfig(s.Configs.Portal); err != nil {
			t.Error(err)
		}
		if s.RenewalCode == "" {
			t.Error("no renewal code")
		}
	})
	t.Run("hierarchy", func(t *testing.T) {
		openssl(t, 0, "verify", "-CAfile", s.CA.Root, "-untrusted", s.CA.Issuing, "-x509_strict",
			"-explicit_policy", "-policy", "0.4.0.194112.1.2", s.Card.Qualified)
		openssl(t, 0, "verify", "-CAfile", s.CA.Root, "-untrusted", s.CA.Issuing, "-x509_strict", s.Card.Authentication)
		openssl(t, 2, "verify", "-CAfile", s.CA.Root, "-untrusted", s.CA.Issuing, s.Card.Expired)
		openssl(t, 0, "verify", "-CAfile", s.CA.Root, "-untrusted", s.CA.Issuing, "-x509_strict", s.PIV.Qualified)
		openssl(t, 2, "verify", "-CAfile", s.CA.Root, "-untrusted", s.CA.Issuing, s.PIV.Expired)
		openssl(t, 0, "verify", "-CAfile", s.CA.Root, "-x509_strict", "-purpose", "timestampsign", s.CA.TSA)
		openssl(t, 0, "crl", "-inform", "DER", "-in", s.CA.RootCRL, "-CAfile", s.CA.Root, "-noout")
	})
	t.Run("everything says TEST", func(t *testing.T) {
		for _, file := range []string{s.CA.Root, s.CA.Issuing, s.CA.OCSP, s.CA.TSA, s.CA.Seal, s.Card.Qualified, s.Card.Authentication, s.Card.Expired, s.PIV.Qualified, s.PIV.Expired} {
			subject := openssl(t, 0, "x509", "-in", file, "-noout", "-subject", "-nameopt", "multiline,utf8")
			if !strings.Contains(subject, "TEST") {
				t.Errorf("%s: %s", file, subject)
			}
		}
	})
	t.Run("card", func(t *testing.T) { testCard(t, s) })
	t.Run("PIV card", func(t *testing.T) {
		for certificate, key := range map[string]string{s.PIV.Qualified: s.PIV.QualifiedKey, s.PIV.Expired: s.PIV.ExpiredKey} {
			if got, want := openssl(t, 0, "pkey", "-in", key, "-pubout"), openssl(t, 0, "x509", "-in", certificate, "-noout", "-pubkey"); got != want {
				t.Errorf("%s is another key's than %s", certificate, key)
			}
		}
	})
	t.Run("nobody else may read", func(t *testing.T) { testModes(t, dir) })
	t.Run("extension", func(t *testing.T) {
		want := openssl(t, 0, "pkey", "-in", s.Extension.Key, "-pubout", "-outform", "DER")
		if got := extensionID([]byte(want)); got != s.Extension.ID {
			t.Errorf("extension id %s, want %s", s.Extension.ID, got)
		}
	})
}

// testCard looks at the card as the agent would: certificates without PIN, keys that stay.
func testCard(t *testing.T, s *Sandbox) {
	out := pkcs11Tool(t, s, "--list-objects", "--type", "cert")
	if n := strings.Count(out, "Certificate Object"); n != 4 {
		t.Errorf("%d certificates without PIN:\n%s", n, out)
	}
	out = pkcs11Tool(t, s, "--login", "--pin", s.Card.PIN, "--list-objects", "--type", "privkey")
	if n := strings.Count(out, "always sensitive, never extractable"); n != 3 {
		t.Errorf("%d keys that never leave:\n%s", n, out)
	}
}

func testModes(t *testing.T, dir string) {
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && (strings.HasSuffix(path, "pin.txt") || strings.HasSuffix(path, ".key")) && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir + "/offline-root"); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("offline-root: %v, %v", info, err)
	}
}

func openssl(t *testing.T, want int, args ...string) string {
	t.Helper()
	return run(t, want, "openssl", nil, args...)
}

func pkcs11Tool(t *testing.T, s *Sandbox, args ...string) string {
	t.Helper()
	return run(t, 0, "opensc", []string{"SOFTHSM2_CONF=" + s.Card.Conf},
		append([]string{"--module", s.Card.Module, "--token-label", s.Card.TokenLabel}, args...)...)
}

// run runs a program of a Debian package and wants its exit status to be so.
func run(t *testing.T, want int, pack string, env []string, args ...string) string {
	t.Helper()
	program := map[string]string{"openssl": "openssl", "opensc": "pkcs11-tool"}[pack]
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%s is missing: apt-get install %s", program, pack)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("%s %s: status %d, want %d\n%s%s", program, strings.Join(args, " "), got, want, out, stderr.String())
	}
	return string(out)
}
