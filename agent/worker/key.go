package worker

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"

	"github.com/odnowa/odnowa/agent/pkcs11"
)

const maxPublicKey = 4 << 10

// match is whether a key belongs to a certificate, as far as its attributes tell.
type match int

const (
	differs match = iota
	unknown
	same
)

// privateKey finds the key that belongs to the certificate: by the public key where the token tells it, else by
// CKA_ID, which the standard only recommends, else by what else connects the two.
func privateKey(s *pkcs11.Session, c *Certificate) (pkcs11.Object, error) {
	public := publicKey(c)
	if len(c.ID) > 0 {
		key, how, err := bestKey(s, public, pkcs11.Attribute{Type: pkcs11.AttributeID, Value: c.ID})
		if err != nil || how != differs {
			return key, err
		}
	}
	if public == nil {
		return 0, ErrNoPrivateKey
	}
	key, how, err := bestKey(s, public)
	if err != nil || how == same {
		return key, err
	}
	if len(c.ID) > 0 || how == differs { // a CKA_ID that no key has: the key is not here
		return 0, ErrNoPrivateKey
	}
	return connectedKey(s, c, public)
}

// publicKey of the certificate, nil where it is none of RSA or EC.
func publicKey(c *Certificate) any {
	parsed, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return nil
	}
	switch parsed.PublicKey.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return parsed.PublicKey
	}
	return nil
}

// bestKey gives the private key with these attributes that fits best; differs means that there is none.
func bestKey(s *pkcs11.Session, public any, with ...pkcs11.Attribute) (pkcs11.Object, match, error) {
	keys, err := s.Find(maxObjects, append([]pkcs11.Attribute{pkcs11.Class(pkcs11.ClassPrivateKey)}, with...)...)
	if err != nil {
		return 0, differs, called("C_FindObjects", err)
	}
	best, found := pkcs11.Object(0), differs
	for _, key := range keys {
		how := compare(s, key, public)
		if how > found {
			best, found = key, how
		}
		if found == same {
			break
		}
	}
	return best, found, nil
}

// compare holds a key, private or public, against a public key.
func compare(s *pkcs11.Session, key pkcs11.Object, public any) match {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if kind, err := s.Ulong(key, pkcs11.AttributeKeyType); err == nil && kind != pkcs11.KeyRSA {
			return differs
		}
		return equal(s, key, pkcs11.AttributeModulus, func(modulus []byte) bool {
			return bytes.Equal(bytes.TrimLeft(modulus, "\x00"), public.N.Bytes())
		})
	case *ecdsa.PublicKey:
		if kind, err := s.Ulong(key, pkcs11.AttributeKeyType); err == nil && kind != pkcs11.KeyEC {
			return differs
		}
		// A private key need not have the point; the older tokens' have neither of the two.
		how := equal(s, key, pkcs11.AttributeECPoint, func(point []byte) bool { return isPoint(point, public) })
		if how != unknown {
			return how
		}
		return equal(s, key, pkcs11.AttributePublicKeyInfo, func(info []byte) bool {
			der, err := x509.MarshalPKIXPublicKey(public)
			return err == nil && bytes.Equal(info, der)
		})
	}
	return unknown
}

func equal(s *pkcs11.Session, key pkcs11.Object, kind pkcs11.AttributeType, is func([]byte) bool) match {
	value, err := s.Attribute(key, kind, maxPublicKey)
	switch {
	case err != nil || len(value) == 0:
		return unknown
	case is(value):
		return same
	}
	return differs
}

// isPoint knows both forms of CKA_EC_POINT: the OCTET STRING of the standard, and the bare point of some tokens.
func isPoint(value []byte, public *ecdsa.PublicKey) bool {
	want, err := public.Bytes()
	if err != nil {
		return false
	}
	var inner []byte
	if rest, err := asn1.Unmarshal(value, &inner); err == nil && len(rest) == 0 {
		value = inner
	}
	return bytes.Equal(value, want)
}

// connectedKey looks for the key of a certificate without CKA_ID on a token whose keys do not tell their public
// half: over the public key object, then by label, then as the only one of its kind.
func connectedKey(s *pkcs11.Session, c *Certificate, public any) (pkcs11.Object, error) {
	labels := [][]pkcs11.Attribute{}
	objects, err := s.Find(maxObjects, pkcs11.Class(pkcs11.ClassPublicKey))
	if err != nil {
		return 0, called("C_FindObjects", err)
	}
	for _, o := range objects {
		if compare(s, o, public) == same {
			labels = append(labels, names(s, o, pkcs11.AttributeID), names(s, o, pkcs11.AttributeLabel))
		}
	}
	labels = append(labels, names(s, c.object, pkcs11.AttributeLabel), []pkcs11.Attribute{})
	for _, with := range labels {
		if with == nil {
			continue
		}
		if key, ok, err := onlyKey(s, public, with); ok || err != nil {
			return key, err
		}
	}
	return 0, ErrNoPrivateKey
}

// names gives the attribute to look for, nil where the object does not have it.
func names(s *pkcs11.Session, o pkcs11.Object, kind pkcs11.AttributeType) []pkcs11.Attribute {
	value, err := s.Attribute(o, kind, maxID)
	if err != nil || len(value) == 0 {
		return nil
	}
	return []pkcs11.Attribute{{Type: kind, Value: value}}
}

// onlyKey gives the private key with these attributes that may belong to public, when there is just one.
func onlyKey(s *pkcs11.Session, public any, with []pkcs11.Attribute) (key pkcs11.Object, ok bool, err error) {
	keys, err := s.Find(maxObjects, append([]pkcs11.Attribute{pkcs11.Class(pkcs11.ClassPrivateKey)}, with...)...)
	if err != nil {
		return 0, false, called("C_FindObjects", err)
	}
	count := 0
	for _, k := range keys {
		if compare(s, k, public) != differs {
			key = k
			count++
		}
	}
	return key, count == 1, nil
}

// keyVisible tells whether a key with the certificate's CKA_ID, public or private, is seen without login.
func keyVisible(s *pkcs11.Session, c *Certificate) bool {
	if len(c.ID) == 0 {
		return false
	}
	id := pkcs11.Attribute{Type: pkcs11.AttributeID, Value: c.ID}
	for _, class := range []uint{pkcs11.ClassPublicKey, pkcs11.ClassPrivateKey} {
		if found, err := s.Find(1, pkcs11.Class(class), id); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
