package cades_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/cades/cadestest"
)

// What is parsed is written again the same to the byte; what is not parsed gives nothing but
// ErrFormat.
func FuzzParse(f *testing.F) {
	p := cadestest.NewPKI()
	for _, c := range cadestest.Cases() {
		der, _ := c.Build(p)
		f.Add(der)
	}
	for _, a := range cadestest.Algorithms {
		f.Add(p.Sign(cades.PAdES, a))
		f.Add(p.Sign(cades.CAdES, a))
	}
	token := cadestest.TokenOf(800)
	f.Fuzz(func(t *testing.T, der []byte) {
		s, err := cades.Parse(der)
		if err != nil {
			if s != nil || !errors.Is(err, cades.ErrFormat) {
				t.Fatalf("got %v beside %v", s, err)
			}
			return
		}
		again, err := cades.TestOnlyMarshal(s)
		if err != nil || !bytes.Equal(again, der) {
			t.Fatalf("written again it is %x, %v", again, err)
		}
		if err := s.Verify(s.Profile, s.ContentDigest, s.Signer); err != nil &&
			!errors.Is(err, cades.ErrSignature) && !errors.Is(err, cades.ErrOtherCertificate) {
			t.Fatal(err)
		}
		if s.TimeStamp != nil {
			return
		}
		stamped, err := s.WithTimeStamp(token)
		if err != nil {
			t.Fatal(err)
		}
		if s, err = cades.Parse(stamped); err != nil || !bytes.Equal(s.TimeStamp, token) {
			t.Fatalf("with a time-stamp it is lost: %v", err)
		}
	})
}
