package profile

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Main is the command line "lint FILE...": certificates in PEM or DER, one line for each; exit code 1
// when one does not follow the profile or can't be read.
func Main(_ context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(stderr, "usage: odnowa-portal lint FILE...")
		return 2
	}
	code := 0
	for _, path := range args {
		err := lintFile(path)
		switch {
		case err == nil:
			fmt.Fprintf(stdout, "%s: ok\n", path)
		default:
			fmt.Fprintf(stdout, "%s: %v\n", path, err)
			code = 1
		}
	}
	return code
}

func lintFile(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if block, _ := pem.Decode(b); block != nil {
		if block.Type != "CERTIFICATE" {
			return errors.New("not a certificate")
		}
		b = block.Bytes
	}
	cert, err := x509.ParseCertificate(b)
	if err != nil {
		return errors.New("not a certificate")
	}
	return Lint(cert)
}
