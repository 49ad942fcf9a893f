package pades_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/portal/pades"
	"github.com/odnowa/odnowa/portal/pdf"
	"github.com/odnowa/odnowa/protocol/cades"
)

// TestSigned makes whole signed documents and asks programs that are not ours about them.
func TestSigned(t *testing.T) {
	p := newPKI(t)
	client := &pades.Client{URL: p.authority(t).URL, Trust: p.trust()}
	must(t, "libnss3-tools", "certutil", "-N", "-d", "sql:"+p.dir, "--empty-password")
	must(t, "libnss3-tools", "certutil", "-A", "-d", "sql:"+p.dir, "-n", "r", "-t", "CT,C,C", "-i", p.path("root.pem"))
	rsa := issue(t, p.ca, "Żaneta TESTOWA", x509.Certificate{KeyUsage: x509.KeyUsageContentCommitment}, rsaKey(t))

	for _, c := range []struct {
		alg cades.Algorithm
		by  party
	}{{cades.ES256, p.holder}, {cades.RS256, rsa}, {cades.PS256, rsa}, {cades.RS512, rsa}} {
		t.Run(string(c.alg), func(t *testing.T) {
			doc := prepare(t)
			kept := bytes.Clone(doc.PDF)
			s, err := pades.Accept(doc.PDF, doc.ByteRange, p.sign(t, c.by, cades.PAdES, c.alg, doc.SignedBytes()), c.by.cert)
			if err != nil {
				t.Fatal(err)
			}
			signed, cms, err := pades.Finish(context.Background(), client, doc.PDF, doc.ByteRange, s)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(doc.PDF, kept) {
				t.Error("the kept document changed")
			}
			p.judge(t, doc, signed, cms, s)
		})
	}
}

// judge asks pdfsig, qpdf and OpenSSL about a signed document, then about a changed one.
func (p *pki) judge(t *testing.T, doc *pdf.Prepared, signed, cms []byte, s *cades.Signature) {
	t.Helper()
	p.write(t, "signed.pdf", "", signed)
	p.write(t, "signed.cms", "", cms)
	p.write(t, "content", "", doc.SignedBytes())
	out := must(t, "poppler-utils", "pdfsig", "-no-ocsp", "-nssdir", p.dir, p.path("signed.pdf"))
	for _, want := range []string{"Signature is Valid.", "Total document signed", "ETSI.CAdES.detached"} {
		if !strings.Contains(out, want) {
			t.Errorf("pdfsig does not say %q:\n%s", want, out)
		}
	}
	must(t, "qpdf", "qpdf", "--check", p.path("signed.pdf"))
	verify := []string{"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", p.path("signed.cms"),
		"-content", p.path("content"), "-CAfile", p.path("root.pem"), "-purpose", "any", "-out", os.DevNull}
	if out := must(t, "openssl", "openssl", verify...); !strings.Contains(out, "CAdES Verification successful") {
		t.Errorf("openssl: %s", out)
	}
	again, err := cades.Parse(cms)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "value", "", s.Value)
	p.write(t, "token", "", again.TimeStamp)
	must(t, "openssl", "openssl", "ts", "-verify", "-data", p.path("value"), "-in", p.path("token"), "-token_in", "-CAfile", p.path("root.pem"))

	signed[doc.ByteRange[1]/2] ^= 1
	p.write(t, "signed.pdf", "", signed)
	if out, _ := run(t, "poppler-utils", "pdfsig", "-no-ocsp", "-nssdir", p.dir, p.path("signed.pdf")); strings.Contains(out, "Signature is Valid.") {
		t.Errorf("pdfsig accepts a changed document:\n%s", out)
	}
	content := doc.SignedBytes()
	content[len(content)/2] ^= 1
	p.write(t, "content", "", content)
	if out, err := run(t, "openssl", "openssl", verify...); err == nil {
		t.Errorf("openssl accepts changed content:\n%s", out)
	}
}

func TestAcceptRefuses(t *testing.T) {
	p := newPKI(t)
	doc := prepare(t)
	good := p.sign(t, p.holder, cades.PAdES, cades.ES256, doc.SignedBytes())
	stamped := func() []byte {
		s, err := cades.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		cms, err := s.WithTimeStamp(token(t, p.tsa, func(*reply) {}))
		if err != nil {
			t.Fatal(err)
		}
		return cms
	}()
	changed := bytes.Clone(doc.PDF)
	changed[100] ^= 1
	filled, err := pdf.Insert(doc.PDF, doc.ByteRange, good)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1

	for _, c := range []struct {
		name      string
		document  []byte
		byteRange [4]int
		cms       []byte
		want      *x509.Certificate
		err       error
	}{
		{"good", doc.PDF, doc.ByteRange, good, p.holder.cert, nil},
		{"one byte of the document changed", changed, doc.ByteRange, good, p.holder.cert, cades.ErrOtherContent},
		{"bytes appended", append(bytes.Clone(doc.PDF), '\n'), doc.ByteRange, good, p.holder.cert, pdf.ErrPlaceholder},
		{"placeholder is filled", filled, doc.ByteRange, good, p.holder.cert, pdf.ErrPlaceholder},
		{"byte range leaves a byte out", doc.PDF, [4]int{0, doc.ByteRange[1], doc.ByteRange[2] + 1, doc.ByteRange[3] - 1}, good, p.holder.cert, pdf.ErrPlaceholder},
		{"another certificate of the same person", doc.PDF, doc.ByteRange, good, p.stranger.cert, cades.ErrOtherCertificate},
		{"signed by a stranger", doc.PDF, doc.ByteRange, p.sign(t, p.stranger, cades.PAdES, cades.ES256, doc.SignedBytes()), p.holder.cert, cades.ErrOtherCertificate},
		{"no certificate", doc.PDF, doc.ByteRange, good, nil, cades.ErrOtherCertificate},
		{"the whole file signed", doc.PDF, doc.ByteRange, p.sign(t, p.holder, cades.PAdES, cades.ES256, doc.PDF), p.holder.cert, cades.ErrOtherContent},
		{"with signing-time", doc.PDF, doc.ByteRange, p.sign(t, p.holder, cades.CAdES, cades.ES256, doc.SignedBytes()), p.holder.cert, cades.ErrProfile},
		{"with a time-stamp", doc.PDF, doc.ByteRange, stamped, p.holder.cert, pades.ErrStamped},
		{"signature value changed", doc.PDF, doc.ByteRange, flipped, p.holder.cert, cades.ErrSignature},
		{"trailing byte", doc.PDF, doc.ByteRange, append(bytes.Clone(good), 0), p.holder.cert, cades.ErrFormat},
		{"cut off", doc.PDF, doc.ByteRange, good[:len(good)-1], p.holder.cert, cades.ErrFormat},
		{"empty", doc.PDF, doc.ByteRange, nil, p.holder.cert, cades.ErrFormat},
		{"a PDF", doc.PDF, doc.ByteRange, doc.PDF[:1000], p.holder.cert, cades.ErrFormat},
		{"too large", doc.PDF, doc.ByteRange, make([]byte, pades.MaxCMS+1), p.holder.cert, pades.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := pades.Accept(c.document, c.byteRange, c.cms, c.want)
			if !errors.Is(err, c.err) || (c.err != nil) != (s == nil) {
				t.Errorf("Accept = %v, %v; want %v", s != nil, err, c.err)
			}
		})
	}
}

// stamper is a TimeStamper that the test scripts.
type stamper func() ([]byte, error)

func (s stamper) TimeStamp(context.Context, []byte) ([]byte, error) { return s() }

func TestFinishRefuses(t *testing.T) {
	p := newPKI(t)
	doc := prepare(t)
	s, err := pades.Accept(doc.PDF, doc.ByteRange, p.sign(t, p.holder, cades.PAdES, cades.ES256, doc.SignedBytes()), p.holder.cert)
	if err != nil {
		t.Fatal(err)
	}
	down := errors.New("down")
	if _, _, err := pades.Finish(context.Background(), stamper(func() ([]byte, error) { return nil, down }), doc.PDF, doc.ByteRange, s); !errors.Is(err, down) {
		t.Errorf("authority down: %v", err)
	}
	if _, _, err := pades.Finish(context.Background(), stamper(func() ([]byte, error) { return []byte("x"), nil }), doc.PDF, doc.ByteRange, s); err == nil {
		t.Error("something that is no token was inserted")
	}
	other := prepare(t)
	other.PDF[100] ^= 1
	if _, _, err := pades.Finish(context.Background(), stamper(nil), other.PDF, other.ByteRange, s); !errors.Is(err, cades.ErrOtherContent) {
		t.Errorf("another document: %v", err)
	}
}
