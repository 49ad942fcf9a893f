package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
)

// geckoID is the extension's id in Firefox.
const geckoID = "odnowa-test@odnowa.localhost"

// makeExtension makes the key that the extension's id in Chromium follows from, and the
// configuration of its build (extension/build.mjs).
func (m *maker) makeExtension(context.Context) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	m.extensionKey = spki
	m.out.Extension = Extension{
		ID: extensionID(spki), Key: m.path("extension", "key.pem"), Config: m.path("extension", "config.json"),
	}
	return errors.Join(
		m.write("extension/key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		m.writeJSON("extension/config.json", map[string]any{
			"name": "Odnowa TEST", "version": "0.1.0", "origins": []string{m.out.URLs.Portal},
			"key": spki, "geckoId": geckoID, "agentPort": m.AgentPort, "testOnlyOpenShadow": true,
		}),
	)
}

// writeInstaller writes the configuration of the CA's packages (installer/ca.mjs). They are for other
// computers than this one, so it holds none of the sandbox's paths.
func (m *maker) writeInstaller() error {
	seal, err := x509.MarshalPKIXPublicKey(m.keys[keySeal])
	if err != nil {
		return err
	}
	return m.writeJSON("installer/ca.json", map[string]any{
		"name": "Odnowa TEST", "maintainer": "Odnowa TEST <packages@odnowa.example>",
		"origins":   []any{map[string]any{"origin": m.out.URLs.Portal, "sealKeys": [][]byte{seal}}},
		"modules":   []any{map[string]any{"name": "SoftHSM TEST", "path": m.out.Card.Module}},
		"extension": map[string]any{"key": m.extensionKey, "geckoId": geckoID},
	})
}

// extensionID is the first half of the key's SHA-256 in the letters a to p (Chromium,
// components/crx_file/id_util.cc).
func extensionID(spki []byte) string {
	sum := sha256.Sum256(spki)
	id := []byte(hex.EncodeToString(sum[:16]))
	for i, c := range id {
		if c <= '9' {
			id[i] = c - '0' + 'a'
		} else {
			id[i] = c - 'a' + 'k'
		}
	}
	return string(id)
}
