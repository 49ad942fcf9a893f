package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/odnowa/odnowa/portal/sam"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

// phone is the phone app without its screens.
type phone struct {
	w              *world
	device, backup *ecdsa.PrivateKey
	pin            ed25519.PrivateKey
	welcome        sam.Welcome
	credential     sam.CredentialKeys
	seen           strings.Builder // everything that the SAM has ever told it
}

func (w *world) phone() *phone {
	_, pin, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	return &phone{w: w, device: newCard().key, backup: newCard().key, pin: pin}
}

type object map[string]any

// call posts to the phone API; the answer is the code of the refusal, or empty.
func (p *phone) call(path string, in, out any) string {
	p.w.t.Helper()
	header := map[string]string{"Origin": p.w.box.URLs.Phone, "Authorization": "Bearer " + p.welcome.Phone}
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
	return p.call("scan", object{"token": token}, &p.welcome)
}

// state is why the phone can't go on, or empty.
func (p *phone) state() string {
	p.w.t.Helper()
	return p.call("state", object{"enrolment": p.welcome.Enrolment}, nil)
}

func (p *phone) challenge() (c sam.Challenge) {
	p.w.t.Helper()
	p.want("", p.call("challenge", object{"enrolment": p.welcome.Enrolment}, &c))
	return c
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
	c := p.challenge()
	p.want("", p.call("keys", object{"enrolment": p.welcome.Enrolment, "proof": p.proof(object{
		"aud": "sam", "type": "keys", "enrolment": p.welcome.Enrolment, "jti": c.ID, "iat": c.IssuedAt, "exp": c.ExpiresAt,
		"deviceKey": p.spki(p.device.Public()), "pinKey": p.spki(p.pin.Public()), "backupKey": p.spki(p.backup.Public()),
	}, "device", "pin", "backup")}, &p.credential))
	c = p.challenge()
	var told struct{ Code string }
	p.want("", p.call("activate", object{"enrolment": p.welcome.Enrolment, "proof": p.proof(object{
		"aud": "sam", "type": "activate", "enrolment": p.welcome.Enrolment, "credential": p.credential.ID,
		"jti": c.ID, "ctr": 1, "iat": c.IssuedAt, "exp": c.ExpiresAt,
	}, "device", "pin")}, &told))
	code := statement.Code(p.spki(p.device.Public()), p.spki(p.pin.Public()), p.spki(p.backup.Public()), p.credential.Key, p.credential.Nonce)
	if code != told.Code {
		p.w.t.Fatalf("the SAM says %s, the phone computes %s", told.Code, code)
	}
	return code
}

func (p *phone) spki(key any) []byte {
	p.w.t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	p.w.must(err)
	return der
}

func (p *phone) proof(claims object, roles ...string) sam.Proof {
	p.w.t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	payload, err := json.Marshal(claims)
	p.w.must(err)
	out := sam.Proof{Payload: encode(payload)}
	for _, role := range roles {
		algorithm := "ES256"
		if role == "pin" {
			algorithm = "EdDSA"
		}
		header, err := json.Marshal(object{"alg": algorithm, "kid": role, "typ": "odnowa-phone+jws"})
		p.w.must(err)
		protected := encode(header)
		out.Signatures = append(out.Signatures, sam.ProofSignature{
			Protected: protected, Signature: encode(p.sign(role, []byte(protected+"."+out.Payload))),
		})
	}
	return out
}

func (p *phone) sign(role string, input []byte) []byte {
	p.w.t.Helper()
	if role == "pin" {
		return ed25519.Sign(p.pin, input)
	}
	key := p.device
	if role == "backup" {
		key = p.backup
	}
	digest := sha256.Sum256(input)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	p.w.must(err)
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}
