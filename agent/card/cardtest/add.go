package cardtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Key is one that Add makes.
type Key struct {
	Name  string // CKA_LABEL of key and certificate
	Kind  string // as pkcs11-tool names it, such as rsa:3072 or EC:secp384r1
	ID    string // CKA_ID, hexadecimal; "" for none
	Extra []string
	// Unlabelled leaves the certificate without CKA_LABEL and CKA_ID.
	Unlabelled bool
}

// Add makes a key with a certificate (nonRepudiation) on this card alone.
func (c *Card) Add(t testing.TB, k Key) Certificate {
	t.Helper()
	made := token{dir: t.TempDir(), conf: c.Conf, authority: template.authority}
	args := append([]string{"--keypairgen", "--key-type", k.Kind, "--label", k.Name, "--sensitive"}, k.Extra...)
	find := []string{"--label", k.Name}
	var id []byte
	if k.ID != "" {
		args = append(args, "--id", k.ID)
		find = []string{"--id", k.ID}
		id = unhex(k.ID)
	}
	var public any
	if k.Kind == p384 {
		public = made.importP384(t, k)
	} else {
		made.tool(t, args...)
		public = made.publicKey(t, find...)
	}
	certificate := made.authority.issue(t, len(c.Certificates), public, x509.KeyUsageContentCommitment, 30*24*time.Hour)
	label := k.Name
	if k.Unlabelled {
		label = ""
	}
	made.writeCertificate(t, certificate, k.ID, label)
	added := Certificate{Name: k.Name, ID: fingerprint(certificate.Raw), KeyID: id, Certificate: certificate}
	c.Certificates = append(c.Certificates, added)
	return added
}

// RemoveCA takes the CA's certificate off this card.
func (c *Card) RemoveCA(t testing.TB) {
	t.Helper()
	made := token{conf: c.Conf}
	made.tool(t, "--delete-object", "--type", "cert", "--label", caLabel)
}

// p384 keys are made here and imported: pkcs11-tool 0.23 cannot read one's public half back.
const p384 = "EC:secp384r1"

func (k *token) importP384(t testing.TB, spec Key) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(k.dir, "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, []string{"SOFTHSM2_CONF=" + k.conf}, "softhsm2-util", "--import", file, "--token", Label, "--pin", PIN,
		"--label", spec.Name, "--id", spec.ID)
	return &key.PublicKey
}

// Mechanisms makes SoftHSM offer only these, as names of the standard after a comma each, or all but these with
// a minus in front.
func (c *Card) Mechanisms(t testing.TB, list string) {
	t.Helper()
	appendConf(t, c.Conf, "slots.mechanisms = "+list+"\n")
}
