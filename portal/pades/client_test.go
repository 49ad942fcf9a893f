package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/odnowa/odnowa/portal/pades"
)

var digest = sha256.Sum256([]byte("signature value"))

// reply is what a scripted authority answers; tests change one thing.
type reply struct {
	timestamp.Timestamp
	by   party
	hash crypto.Hash
}

func respond(t testing.TB, by party, request *timestamp.Request, change func(*reply)) []byte {
	t.Helper()
	r := &reply{by: by, hash: crypto.SHA256, Timestamp: timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Time: time.Now().UTC().Truncate(time.Second),
		Policy: asn1.ObjectIdentifier{1, 2, 3, 4, 1}, Nonce: request.Nonce, AddTSACertificate: true,
	}}
	change(r)
	der, err := r.CreateResponseWithOpts(r.by.cert, r.by.key, r.hash)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// token is a token of a scripted authority.
func token(t testing.TB, by party, change func(*reply)) []byte {
	t.Helper()
	var response struct {
		Status asn1.RawValue
		Token  asn1.RawValue
	}
	if _, err := asn1.Unmarshal(respond(t, by, &timestamp.Request{}, change), &response); err != nil {
		t.Fatal(err)
	}
	return response.Token.FullBytes
}

// serve answers each query with what the function makes of it.
func serve(t *testing.T, answer func(*timestamp.Request) []byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		request, err := timestamp.ParseRequest(query)
		if err != nil {
			t.Error(err)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(answer(request))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestClient(t *testing.T) {
	p := newPKI(t)
	mine := asn1.ObjectIdentifier{1, 2, 3, 4, 1}
	foreign := newPKI(t)
	under := func(template x509.Certificate) party { return issue(t, p.root, "Odnowa TEST TSA", template, p256(t)) }

	for _, c := range []struct {
		name   string
		policy asn1.ObjectIdentifier
		change func(*reply)
		ok     bool
	}{
		{"good", nil, func(*reply) {}, true},
		{"good, with the policy", mine, func(*reply) {}, true},
		{"another policy", asn1.ObjectIdentifier{1, 2, 3, 4, 2}, func(*reply) {}, false},
		{"over something else", nil, func(r *reply) { r.HashedMessage = make([]byte, 32) }, false},
		{"same bytes, another hash", nil, func(r *reply) { r.HashAlgorithm = crypto.SHA512 }, false},
		{"no nonce", nil, func(r *reply) { r.Nonce = nil }, false},
		{"another nonce", nil, func(r *reply) { r.Nonce = big.NewInt(1) }, false},
		{"an hour old", nil, func(r *reply) { r.Time = r.Time.Add(-59 * time.Minute) }, false},
		{"from the future", nil, func(r *reply) { r.Time = r.Time.Add(59 * time.Minute) }, false},
		{"authority of another root", nil, func(r *reply) { r.by = foreign.tsa }, false},
		{"no certificate", nil, func(r *reply) { r.AddTSACertificate = false }, false},
		{"purpose not critical", nil, func(r *reply) { r.by = under(tsaTemplate(false, x509.ExtKeyUsageTimeStamping)) }, false},
		{"two purposes", nil, func(r *reply) {
			r.by = under(tsaTemplate(true, x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageOCSPSigning))
		}, false},
		{"another purpose", nil, func(r *reply) { r.by = under(tsaTemplate(true, x509.ExtKeyUsageOCSPSigning)) }, false},
		{"no purpose", nil, func(r *reply) { r.by = under(x509.Certificate{}) }, false},
		{"a person's certificate", nil, func(r *reply) { r.by = p.holder; r.Certificates = []*x509.Certificate{p.ca.cert} }, false},
		{"no chain but the root", nil, func(r *reply) { r.Certificates = []*x509.Certificate{p.root.cert} }, true},
		{"SHA-1 signature", nil, func(r *reply) { r.hash = crypto.SHA1 }, false},
		{"SHA-512 signature", nil, func(r *reply) { r.hash = crypto.SHA512 }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			trust := p.trust()
			trust.Policy = c.policy
			url := serve(t, func(r *timestamp.Request) []byte { return respond(t, p.tsa, r, c.change) })
			got, err := (&pades.Client{URL: url, Trust: trust}).TimeStamp(context.Background(), digest[:])
			if c.ok != (err == nil) || c.ok == (got == nil) || (!c.ok && !errors.Is(err, pades.ErrTimeStamp)) {
				t.Fatalf("token %v, error %v; want ok %v", got != nil, err, c.ok)
			}
			if c.ok {
				if _, err := trust.Check(got, digest[:]); err != nil {
					t.Errorf("checked again: %v", err)
				}
			}
		})
	}
}

// TestTokenNamesItsCertificate: issuer and serial number are not signed, signing-certificate-v2 is. So
// another certificate for the same key cannot be put in the place of the one that stamped.
func TestTokenNamesItsCertificate(t *testing.T) {
	p := newPKI(t)
	good := token(t, p.tsa, func(*reply) {})
	template := tsaTemplate(true, x509.ExtKeyUsageTimeStamping)
	template.SerialNumber = p.tsa.cert.SerialNumber
	twin := p.tsa
	for bytes.Equal(twin.cert.Raw, p.tsa.cert.Raw) || len(twin.cert.Raw) != len(p.tsa.cert.Raw) { // lengths of ECDSA signatures differ
		twin = issue(t, p.root, "Odnowa TEST TSA", template, p.tsa.key)
	}
	swapped := bytes.Replace(good, p.tsa.cert.Raw, twin.cert.Raw, 1)
	if _, err := timestamp.Parse(swapped); err != nil {
		t.Fatalf("the token's signature should still verify: %v", err)
	}
	if _, err := p.trust().Check(swapped, digest[:]); !errors.Is(err, pades.ErrTimeStamp) {
		t.Errorf("Check = %v", err)
	}
}

func TestClientExchange(t *testing.T) {
	p := newPKI(t)
	stamp := func(handler http.HandlerFunc) error {
		s := httptest.NewServer(handler)
		defer s.Close()
		_, err := (&pades.Client{URL: s.URL, Trust: p.trust()}).TimeStamp(context.Background(), digest[:])
		return err
	}
	answer := func(status int, kind string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			w.Write(body)
		}
	}
	const reply = "application/timestamp-reply"
	rejection, err := timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadRequest)
	if err != nil {
		t.Fatal(err)
	}
	for name, handler := range map[string]http.HandlerFunc{
		"error status": answer(http.StatusInternalServerError, reply, nil),
		"another type": answer(http.StatusOK, "text/html", []byte("<html>")),
		"no DER":       answer(http.StatusOK, reply, []byte("no")),
		"empty":        answer(http.StatusOK, reply, nil),
		"rejected":     answer(http.StatusOK, reply, rejection),
		"too large":    answer(http.StatusOK, reply, bytes.Repeat([]byte{0x30}, 33<<10)),
		"sent elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		},
		"deeply nested":    answer(http.StatusOK, reply, bytes.Repeat([]byte{0x30, 0x80}, 16<<10)),
		"trailing garbage": answer(http.StatusOK, reply, append(bytes.Clone(rejection), 0)),
	} {
		if err := stamp(handler); !errors.Is(err, pades.ErrTimeStamp) {
			t.Errorf("%s: %v", name, err)
		}
	}

	release := make(chan struct{})
	defer close(release)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	c := &pades.Client{URL: s.URL, Trust: p.trust()}
	if _, err := c.TimeStamp(ctx, digest[:]); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("silent authority: %v", err)
	}
	if _, err := c.TimeStamp(context.Background(), digest[:20]); err == nil {
		t.Error("a SHA-1 was sent")
	}
}

// TestTrustNeedsRoots: without pinned roots x509 would believe the system's.
func TestTrustNeedsRoots(t *testing.T) {
	p := newPKI(t)
	good := token(t, p.tsa, func(*reply) {})
	if _, err := p.trust().Check(good, digest[:]); err != nil {
		t.Fatal(err)
	}
	if _, err := (pades.Trust{}).Check(good, digest[:]); !errors.Is(err, pades.ErrTimeStamp) {
		t.Errorf("Check without roots: %v", err)
	}
}

// FuzzTrust feeds tokens that others wrote: none but the good one may count, nothing may panic.
func FuzzTrust(f *testing.F) {
	p := newPKI(f)
	good := token(f, p.tsa, func(*reply) {})
	trust := p.trust()
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		other := sha256.Sum256([]byte("something else"))
		if _, err := trust.Check(data, other[:]); err == nil {
			t.Error("a token counts for a digest that no authority stamped")
		}
	})
}

// TestParallel: signatures are finished by many requests at a time. It says something under -race.
func TestParallel(t *testing.T) {
	p := newPKI(t)
	roots := x509.NewCertPool()
	roots.AddCert(p.root.cert)
	trust := pades.Trust{Roots: roots}
	client := &pades.Client{Trust: trust, URL: serve(t, func(r *timestamp.Request) []byte {
		return respond(t, p.tsa, r, func(*reply) {})
	})}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			stamp, err := client.TimeStamp(t.Context(), digest[:])
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := trust.Check(stamp, digest[:]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
