package pdf_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/pdf"
)

const alphabet = "AaĄąBbCcĆćDdEeĘęFfGgHhIiJjKkLlŁłMmNnŃńOoÓóPpRrSsŚśTtUuWwYyZzŹźŻż 0123456789 „cudzysłów” – — … § € ☐☑✓✗ →≥ (){}[]<>/\\%&'\"#"

// document is a good one; tests add to it or break it.
func document(blocks ...pdf.Block) pdf.Document {
	return pdf.Document{
		Title: "Dokument próbny <1> & „2”", Author: "Centrum TEST", Language: "pl-PL", Translation: "en",
		Created:    time.Date(2026, 11, 23, 22, 5, 6, 7, time.FixedZone("CET", 3600)),
		Letterhead: pdf.Letterhead{Name: "Centrum Certyfikacji TEST", Details: []string{"ul. Próbna 1", "00-001 Łódź"}},
		Reference:  "ON-2026-1", PageLabel: func(page, pages int) string { return fmt.Sprintf("Strona %d z %d", page, pages) },
		Blocks: append(append([]pdf.Block{pdf.Heading{Level: 1, Text: pdf.Pair{First: "Nagłówek", Second: "Heading"}}}, blocks...),
			pdf.Signature{Label: "Podpis próbny", Note: pdf.Pair{First: "Podpisz tutaj.", Second: "Sign here."}}),
	}
}

func write(t testing.TB, d pdf.Document) *pdf.Prepared {
	t.Helper()
	p, err := pdf.Write(d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func save(t testing.TB, document []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.pdf")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run starts a program of the named apt package and gives its standard output. Success is required.
func run(t testing.TB, apt, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing: apt-get install %s", name, apt)
	}
	var stdout, stderr strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, &stdout, &stderr)
	}
	return stdout.String()
}
