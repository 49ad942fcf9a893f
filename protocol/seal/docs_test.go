package seal

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The documentation's programs are started with a P-256 key (PKCS#8, PEM) and what to seal, and print the seal.
const (
	driveNode = `
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { seal } from "./seal.mjs";
const order = JSON.parse(readFileSync(0));
const bytes = (text) => Buffer.from(text, "base64");
console.log(seal(createPrivateKey(order.key), { ...order, document: bytes(order.document), certificate: bytes(order.certificate) }));
`
	driveGo = `package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
)

func main() {
	var o struct {
		Key                   string
		Kind, Origin, Number  string
		Document, Certificate []byte
		ByteRange             []int
		Show                  []Shown
		Now, Seconds          int64
	}
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		panic(err)
	}
	block, _ := pem.Decode([]byte(o.Key))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	c := Claims{Kind: o.Kind, Origin: o.Origin, Number: o.Number, ByteRange: o.ByteRange, Show: o.Show, IssuedAt: o.Now, ExpiresAt: o.Now + o.Seconds}
	s, err := Seal(key.(*ecdsa.PrivateKey), c, o.Document, o.Certificate)
	if err != nil {
		panic(err)
	}
	fmt.Println(s)
}
`
)

// TestDocumentedSamples runs the programs of the SDK's page on seals: what they seal is what this package takes,
// and the same claims as in the vector that is good.
func TestDocumentedSamples(t *testing.T) {
	page, err := os.ReadFile("../../extension/docs/seals.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for language, run := range map[string]struct {
		file, driver, drive string
		command             []string
	}{
		"js": {"seal.mjs", "main.mjs", driveNode, []string{"node", "main.mjs"}},
		"go": {"seal.go", "main.go", driveGo, []string{"go", "run", "main.go", "seal.go"}},
	} {
		t.Run(language, func(t *testing.T) {
			sample := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(page)
			if sample == nil {
				t.Fatal("no sample")
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, run.file), sample[1])
			write(t, filepath.Join(dir, run.driver), []byte(run.drive))
			key := newKey(t)
			der, err := x509.MarshalPKCS8PrivateKey(key)
			if err != nil {
				t.Fatal(err)
			}
			application := claims()
			order := map[string]any{
				"key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
				"kind": application.Kind, "origin": v.Origin, "number": application.Number, "document": v.Document,
				"certificate": v.Certificate, "byteRange": application.ByteRange, "show": application.Show, "now": v.Now, "seconds": 3600,
			}
			made := seal(t, dir, run.command, order)
			keys := []*ecdsa.PublicKey{&key.PublicKey}
			c, err := Verify(made, keys, time.Unix(v.Now, 0))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Match(v.Origin, v.Certificate, v.Document); err != nil {
				t.Error(err)
			}
			if got, want := claimsOf(t, made), claimsOf(t, v.Cases[0].Seal); got != want {
				t.Errorf("got %s, want the vector's %s", got, want)
			}
			order["kind"] = Confirmation
			delete(order, "byteRange")
			if c, err = Verify(seal(t, dir, run.command, order), keys, time.Unix(v.Now, 0)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Match(v.Origin, v.Certificate, v.Document); err != nil {
				t.Errorf("confirmation: %v", err)
			}
		})
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, dir string, command []string, order any) string {
	t.Helper()
	in, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(in)
	cmd.Env = append(os.Environ(), "GO111MODULE=off", "GOFLAGS=")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", command, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// claimsOf is a seal's payload, in one form for all languages.
func claimsOf(t *testing.T, compact string) string {
	t.Helper()
	var c Claims
	if err := json.Unmarshal(mustB64(t, strings.Split(compact, ".")[1]), &c); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
