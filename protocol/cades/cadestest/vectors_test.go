package cadestest

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/cryptotest"

	"github.com/odnowa/odnowa/protocol/cades"
)

var update = flag.Bool("update", false, "write the vectors of protocol/vectors/cades anew")

const vectorDir = "../../vectors/cades"

// vector is one file of protocol/vectors/cades; its README.md says what the fields mean.
type vector struct {
	Profile     string          `json:"profile"`
	Algorithm   cades.Algorithm `json:"algorithm,omitempty"`
	Digest      []byte          `json:"digest"`
	Certificate []byte          `json:"certificate"`
	CMS         []byte          `json:"cms"`
	Error       string          `json:"error"`
}

var sentinels = map[string]error{
	"":                    nil,
	"ErrFormat":           cades.ErrFormat,
	"ErrProfile":          cades.ErrProfile,
	"ErrOtherCertificate": cades.ErrOtherCertificate,
	"ErrOtherContent":     cades.ErrOtherContent,
	"ErrSignature":        cades.ErrSignature,
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	vectors := readVectors(t)
	for name, v := range vectors {
		if err := v.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Every case of the tables has its vector, so that a new one is not forgotten.
	for _, h := range Cases() {
		if _, ok := vectors["bad-"+h.Name]; !ok {
			t.Errorf("no vector of %s: run go test ./protocol/cades/cadestest -run TestVectors -update", h.Name)
		}
	}
	for _, a := range Algorithms {
		for _, p := range []cades.Profile{cades.PAdES, cades.CAdES} {
			if _, ok := vectors[goodName(p, a)]; !ok {
				t.Errorf("no vector of %s: run go test ./protocol/cades/cadestest -run TestVectors -update", goodName(p, a))
			}
		}
	}
}

func (v *vector) check() error {
	want, ok := sentinels[v.Error]
	if !ok {
		return errors.New("names an unknown error")
	}
	cert, err := x509.ParseCertificate(v.Certificate)
	if err != nil {
		return err
	}
	profile := cades.PAdES
	if v.Profile == cades.CAdES.String() {
		profile = cades.CAdES
	} else if v.Profile != cades.PAdES.String() {
		return errors.New("names an unknown profile")
	}
	if got := (&Wanted{profile, v.Digest, cert}).Judge(v.CMS); !errors.Is(got, want) {
		return errors.Join(errors.New("got another answer than "+v.Error), got)
	}
	if s, err := cades.Parse(v.CMS); want == nil && (err != nil || s.Algorithm != v.Algorithm) {
		return errors.New("got another algorithm")
	}
	return nil
}

// readVectors gives the vectors by their names: the files' without the ending.
func readVectors(t testing.TB) map[string]*vector {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	vectors := map[string]*vector{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		v := &vector{}
		if err := d.Decode(v); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		vectors[strings.TrimSuffix(filepath.Base(f), ".json")] = v
	}
	return vectors
}

// writeVectors writes those that the tests' tables make, with the same keys each time, and leaves
// others alone. Only the time-stamped one differs each time: OpenSSL plays the authority.
func writeVectors(t *testing.T) {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 1)
	p := NewPKI()
	for _, profile := range []cades.Profile{cades.PAdES, cades.CAdES} {
		for _, a := range Algorithms {
			writeVector(t, goodName(profile, a), &vector{
				Profile: profile.String(), Algorithm: a, Digest: a.Sum(Content),
				Certificate: p.SignerFor(a).Cert.Raw, CMS: p.Sign(profile, a),
			})
		}
	}
	for _, h := range Cases() {
		der, w := h.Build(p)
		writeVector(t, "bad-"+h.Name, &vector{
			Profile: w.Profile.String(), Digest: w.Digest, Certificate: w.Certificate.Raw, CMS: der, Error: sentinelName(t, h.Want),
		})
	}
	writeVector(t, "good-time-stamp", &vector{
		Profile: cades.PAdES.String(), Algorithm: cades.PS256, Digest: cades.PS256.Sum(Content),
		Certificate: p.RSA.Cert.Raw, CMS: stamped(t, p),
	})
}

func stamped(t *testing.T, p *PKI) []byte {
	t.Helper()
	s, err := cades.Parse(p.Sign(cades.PAdES, cades.PS256))
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.WithTimeStamp(timeStamp(t, p, t.TempDir(), s.Value))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func writeVector(t *testing.T, name string, v *vector) {
	t.Helper()
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(vectorDir, name+".json"), append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func goodName(p cades.Profile, a cades.Algorithm) string {
	return "good-" + p.String() + "-" + strings.ToLower(string(a))
}

func sentinelName(t *testing.T, err error) string {
	t.Helper()
	for name, s := range sentinels {
		if s == err {
			return name
		}
	}
	t.Fatalf("%v is no sentinel", err)
	return ""
}
