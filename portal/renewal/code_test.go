package renewal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCodeRoundTrip(t *testing.T) {
	for range 1000 {
		code := newCode()
		shown := formatCode(code)
		for _, typed := range []string{
			code, shown, strings.ToLower(shown), strings.ReplaceAll(shown, "-", " "), " " + shown + " ",
			strings.NewReplacer("0", "o", "1", "l").Replace(shown), strings.ReplaceAll(shown, "1", "I"),
			strings.ReplaceAll(shown, "-", "–"),
		} {
			if got, err := parseCode(typed); err != nil || got != code {
				t.Fatalf("parseCode(%q) = %q, %v; want %q", typed, got, err, code)
			}
		}
	}
}

// TestCodeEntropy: every random character takes all 32 values about equally often, so 19 of them
// are 95 bits.
func TestCodeEntropy(t *testing.T) {
	const draws = 20000
	var count [codeLength][128]int
	seen := map[string]bool{}
	for range draws {
		code := newCode()
		if seen[code] {
			t.Fatal("a code was drawn twice")
		}
		seen[code] = true
		for i, c := range code {
			count[i][c]++
		}
	}
	for i := range count {
		var chi2 float64
		for _, c := range alphabet {
			d := float64(count[i][c]) - draws/32.
			chi2 += d * d / (draws / 32.)
		}
		if chi2 > 90 { // 31 degrees of freedom: once in 10^7
			t.Errorf("character %d is not uniform: chi² %.1f", i, chi2)
		}
	}
}

func TestCodeCheckCharacter(t *testing.T) {
	for range 50 {
		code := newCode()
		for i := range code {
			for _, c := range []byte(alphabet) {
				if c == code[i] {
					continue
				}
				wrong := []byte(code)
				wrong[i] = c
				if _, err := parseCode(string(wrong)); !errors.Is(err, ErrCodeMalformed) {
					t.Fatalf("character %d of %s as %c passed", i, code, c)
				}
			}
			for j := i + 1; j < len(code); j++ {
				swapped := []byte(code)
				swapped[i], swapped[j] = swapped[j], swapped[i]
				if _, err := parseCode(string(swapped)); code[i] != code[j] && err == nil {
					t.Fatalf("characters %d and %d of %s exchanged passed", i, j, code)
				}
			}
		}
	}
}

func TestCodeMalformed(t *testing.T) {
	code := newCode()
	for _, typed := range []string{"", "-", code[1:], code + "0", code[:19] + "U", code[:19] + "ż", strings.Repeat("0", 19) + "1", "\x00" + code} {
		if got, err := parseCode(typed); !errors.Is(err, ErrCodeMalformed) || got != "" {
			t.Errorf("parseCode(%q) = %q, %v", typed, got, err)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add(formatCode(newCode()))
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := parseCode(typed)
		if err != nil {
			return
		}
		if again, err := parseCode(formatCode(code)); err != nil || again != code {
			t.Fatalf("parseCode(%q) = %q, which reads as %q, %v", typed, code, again, err)
		}
	})
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "code.key")
	if err := CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	key, err := readKeyFile(path)
	if err != nil || len(key) != keySize || bytes.Equal(key, make([]byte, keySize)) {
		t.Fatalf("key of %d bytes, %v", len(key), err)
	}
	if err := CreateKeyFile(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("replacing a key: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := readKeyFile(path); err == nil {
		t.Error("a key that others can read was taken")
	}
	short := filepath.Join(t.TempDir(), "short.key")
	if err := os.WriteFile(short, []byte("abcd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readKeyFile(short); err == nil {
		t.Error("a short key was taken")
	}
}
