package conformance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Config is the kit's configuration file, JSON; unknown members are refused. Paths are relative to the
// file. What is left out is not checked, and the report says so.
type Config struct {
	// BaseURL is the origin of the server under test as browsers see it, such as https://renewal.ca.example.
	// Seals must name it.
	BaseURL string `json:"baseUrl"`
	// Connect is where to connect to, host:port, if the name of BaseURL does not lead there. Names below
	// localhost lead to this machine anyway.
	Connect string `json:"connect,omitempty"`
	// Roots is a PEM file with the roots for TLS, if not those of the system.
	Roots string `json:"roots,omitempty"`
	// Page is the path of the page with <odnowa-renewal>; "/" if left out.
	Page string `json:"page,omitempty"`

	// Codes are renewal codes to try.
	Codes Codes `json:"codes"`
	// Holder is the test person who renews: a certificate that the server takes as one on a card, and its
	// key, P-256 or RSA.
	Holder Holder `json:"holder"`
	// OtherPerson is a PEM file with a good certificate of another person.
	OtherPerson string `json:"otherPerson,omitempty"`
	// Refused are PEM files with certificates that must be refused, by the code of the refusal, such as
	// certificate_revoked.
	Refused map[string]string `json:"refused,omitempty"`
	// SealKeys are PEM files (PUBLIC KEY or CERTIFICATE) with the keys that the agents' policy pins for
	// BaseURL.
	SealKeys []string `json:"sealKeys"`
	// Phone is how the phone is enrolled.
	Phone Phone `json:"phone"`
	// Contact is what the test person gives: an address and a Polish number of nine digits.
	Contact Contact `json:"contact"`
	// TryLimits asks for the limit of tries, after which the server refuses this address for a while.
	TryLimits bool `json:"tryLimits,omitempty"`

	// Prompt is where a person is asked to enrol a phone; standard error if nil.
	Prompt io.Writer `json:"-"`

	dir         string
	holder      signer
	otherPerson *x509.Certificate
	refused     map[string]*x509.Certificate
	sealKeys    []*ecdsa.PublicKey
	roots       *x509.CertPool
}

// Codes are renewal codes as people get them.
type Codes struct {
	// Fresh was sold and not used. A run that comes to the end uses it up.
	Fresh string `json:"fresh,omitempty"`
	// FreshCommand prints a fresh code instead; it is run once a run.
	FreshCommand []string `json:"freshCommand,omitempty"`
	// Unknown has the form of a code and was never sold. Each run takes one try of the limit.
	Unknown string `json:"unknown,omitempty"`
	// Expired was sold more than 90 days ago.
	Expired string `json:"expired,omitempty"`
	// Used has led to a certificate. Left out, it is Fresh, once that is used up.
	Used string `json:"used,omitempty"`
	// OtherProduct buys something that this portal does not sell here.
	OtherProduct string `json:"otherProduct,omitempty"`
}

// Holder has PEM files: CERTIFICATE, and PRIVATE KEY (PKCS #8).
type Holder struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
}

// Phone is a command that plays the phone, or the time that a person gets.
type Phone struct {
	// Command enrols a phone. It gets the enrolment URL, what the QR code says, as one line on its standard
	// input, since arguments show in lists of processes, and prints the six digits that the phone shows.
	Command []string `json:"command,omitempty"`
	// WaitSeconds prints the enrolment URL instead, and waits so long for a person to enrol a phone by hand.
	WaitSeconds int `json:"waitSeconds,omitempty"`
}

// Contact data; Phone has nine digits.
type Contact struct {
	Email string `json:"email"`
	Phone string `json:"phone"`
}

type signer struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// LoadConfig reads a configuration and the files that it names.
func LoadConfig(path string) (*Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	c := &Config{dir: filepath.Dir(path)}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		return nil, fmt.Errorf("reading configuration %s: %w", path, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading configuration %s: something follows the object", path)
	}
	if err := errors.Join(c.check(), c.readFiles()); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

func (c *Config) check() error {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Scheme+"://"+u.Host != c.BaseURL {
		return errors.New("baseUrl has to be scheme://host or scheme://host:port")
	}
	if c.Connect != "" {
		if _, _, err := net.SplitHostPort(c.Connect); err != nil {
			return errors.New("connect has to be host:port")
		}
	}
	if c.Page == "" {
		c.Page = "/"
	}
	if c.Codes.Fresh != "" && len(c.Codes.FreshCommand) != 0 {
		return errors.New("codes.fresh and codes.freshCommand exclude each other")
	}
	if c.Contact == (Contact{}) {
		c.Contact = Contact{Email: "conformance@example.org", Phone: "600100200"}
	}
	if c.Holder.Certificate == "" || c.Holder.Key == "" {
		return errors.New("holder.certificate and holder.key are needed: a test person's, as PEM files")
	}
	if len(c.SealKeys) == 0 {
		return errors.New("sealKeys are needed: the keys that the agents pin for this server, as PEM files")
	}
	return nil
}

func (c *Config) readFiles() (err error) {
	var problems []error
	keep := func(err error) { problems = append(problems, err) }
	if c.Holder.Certificate != "" && c.Holder.Key != "" {
		c.holder.cert, err = c.readCertificate(c.Holder.Certificate)
		keep(err)
		c.holder.key, err = c.readKey(c.Holder.Key)
		keep(err)
	}
	if c.OtherPerson != "" {
		c.otherPerson, err = c.readCertificate(c.OtherPerson)
		keep(err)
	}
	c.refused = map[string]*x509.Certificate{}
	for code, path := range c.Refused {
		c.refused[code], err = c.readCertificate(path)
		keep(err)
		if !isCertificateCode(code) {
			keep(fmt.Errorf("refused: %q is not a code that refuses certificates", code))
		}
	}
	for _, path := range c.SealKeys {
		key, err := c.readSealKey(path)
		keep(err)
		c.sealKeys = append(c.sealKeys, key)
	}
	if c.Roots != "" {
		keep(c.readRoots())
	}
	return errors.Join(problems...)
}

func (c *Config) readRoots() error {
	b, err := os.ReadFile(c.path(c.Roots))
	if err != nil {
		return err
	}
	if c.roots = x509.NewCertPool(); !c.roots.AppendCertsFromPEM(b) {
		return fmt.Errorf("roots: no certificate in %s", c.Roots)
	}
	return nil
}

func (c *Config) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.dir, name)
}

func (c *Config) readPEM(path string) (*pem.Block, error) {
	b, err := os.ReadFile(c.path(path))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s is not PEM", path)
	}
	return block, nil
}

func (c *Config) readCertificate(path string) (*x509.Certificate, error) {
	block, err := c.readPEM(path)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cert, nil
}

func (c *Config) readKey(path string) (crypto.Signer, error) {
	block, err := c.readPEM(path)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s: not a key that signs", path)
	}
	return s, nil
}

func (c *Config) readSealKey(path string) (*ecdsa.PublicKey, error) {
	block, err := c.readPEM(path)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if cert, certErr := x509.ParseCertificate(block.Bytes); certErr == nil {
		key, err = cert.PublicKey, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s: seals are made with P-256", path)
	}
	return ec, nil
}

func (p Phone) wait() time.Duration { return time.Duration(p.WaitSeconds) * time.Second }
