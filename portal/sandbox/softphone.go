package sandbox

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/odnowa/odnowa/portal/sam"
	"github.com/odnowa/odnowa/portal/sam/statement"
	"github.com/odnowa/odnowa/protocol/jws"
)

// SoftPhone is the phone app without its screens: its keys and proofs, for tests and for trying a
// portal without a phone. Its PIN key is a random one.
type SoftPhone struct {
	Device, Backup *ecdsa.PrivateKey
	PIN            ed25519.PrivateKey
	Welcome        sam.Welcome
	Credential     sam.CredentialKeys
}

// NewSoftPhone makes a phone with fresh keys.
func NewSoftPhone() (*SoftPhone, error) {
	device, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	backup, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, pin, err3 := ed25519.GenerateKey(rand.Reader)
	return &SoftPhone{Device: device, Backup: backup, PIN: pin}, errors.Join(err1, err2, err3)
}

// Caller posts to a path of the SAM's phone API with the secret of Welcome; out may be nil.
type Caller func(path string, in, out any) error

// Claims are those of a proof.
type Claims map[string]any

// Enrol goes from a scanned enrolment (Welcome) to the six digits that the phone shows.
func (p *SoftPhone) Enrol(call Caller) (string, error) {
	var c sam.Challenge
	if err := call("challenge", Claims{"enrolment": p.Welcome.Enrolment}, &c); err != nil {
		return "", err
	}
	device, pin, backup := spki(p.Device.Public()), spki(p.PIN.Public()), spki(p.Backup.Public())
	keys := p.Proof(Claims{
		"aud": "sam", "type": "keys", "enrolment": p.Welcome.Enrolment, "jti": c.ID, "iat": c.IssuedAt, "exp": c.ExpiresAt,
		"deviceKey": device, "pinKey": pin, "backupKey": backup,
	}, "device", "pin", "backup")
	if err := call("keys", Claims{"enrolment": p.Welcome.Enrolment, "proof": keys}, &p.Credential); err != nil {
		return "", err
	}
	if err := call("challenge", Claims{"enrolment": p.Welcome.Enrolment}, &c); err != nil {
		return "", err
	}
	activate := p.Proof(Claims{
		"aud": "sam", "type": "activate", "enrolment": p.Welcome.Enrolment, "credential": p.Credential.ID,
		"jti": c.ID, "ctr": 1, "iat": c.IssuedAt, "exp": c.ExpiresAt,
	}, "device", "pin")
	var told struct{ Code string }
	if err := call("activate", Claims{"enrolment": p.Welcome.Enrolment, "proof": activate}, &told); err != nil {
		return "", err
	}
	code := statement.Code(device, pin, backup, p.Credential.Key, p.Credential.Nonce)
	if code != told.Code {
		return "", fmt.Errorf("the SAM says %s, the phone computes %s", told.Code, code)
	}
	return code, nil
}

// Proof signs claims with the keys of these roles.
func (p *SoftPhone) Proof(claims Claims, roles ...string) sam.Proof {
	out := sam.Proof{Payload: jws.Encode(mustJSON(claims))}
	for _, role := range roles {
		algorithm := "ES256"
		if role == "pin" {
			algorithm = "EdDSA"
		}
		protected := jws.Encode(mustJSON(Claims{"alg": algorithm, "kid": role, "typ": "odnowa-phone+jws"}))
		out.Signatures = append(out.Signatures, sam.ProofSignature{
			Protected: protected, Signature: jws.Encode(p.sign(role, []byte(protected+"."+out.Payload))),
		})
	}
	return out
}

func (p *SoftPhone) sign(role string, input []byte) []byte {
	key := p.Device
	switch role {
	case "pin":
		return ed25519.Sign(p.PIN, input)
	case "backup":
		key = p.Backup
	}
	signature, err := jws.SignES256(key, input)
	if err != nil {
		panic("sandbox: a fresh P-256 key does not sign: " + err.Error())
	}
	return signature
}

func spki(key any) []byte {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic("sandbox: encoding a public key: " + err.Error())
	}
	return der
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: encoding claims: " + err.Error())
	}
	return b
}

// enrolByURL scans what a QR code says and enrols a new phone. Names below localhost lead to this machine.
func enrolByURL(ctx context.Context, enrolment string) (string, error) {
	u, err := url.Parse(enrolment)
	if err != nil || u.Host == "" || u.Fragment == "" {
		return "", errors.New("that is no enrolment URL: it has an origin, and a secret behind #")
	}
	p, err := NewSoftPhone()
	if err != nil {
		return "", err
	}
	call := p.over(ctx, u.Scheme+"://"+u.Host)
	if err := call("scan", Claims{"token": u.Fragment}, &p.Welcome); err != nil {
		return "", err
	}
	return p.Enrol(call)
}

// over calls the phone API of an origin.
func (p *SoftPhone) over(ctx context.Context, origin string) Caller {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dialLocal}}
	return func(path string, in, out any) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/api/v1/"+path, bytes.NewReader(mustJSON(in)))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", origin)
		r.Header.Set("Authorization", "Bearer "+p.Welcome.Phone)
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %d %s", path, res.StatusCode, b)
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(b, out)
	}
}

func dialLocal(ctx context.Context, network, address string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".localhost") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}
