package sandbox

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/odnowa/odnowa/portal/renewal"
	"github.com/odnowa/odnowa/portal/web"
)

// ConformanceMain is the command line "sandbox conformance": it issues test cards and codes and writes the
// configuration of the conformance kit (protocol/conformance), so that it can be tried against the
// sandbox, and shows what a server of one's own has to have at hand for it.
func ConformanceMain(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sandbox conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", "", "`directory` of the sandbox")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *dir == "" || flags.NArg() > 0 {
		fmt.Fprintln(stderr, "usage: odnowa-portal sandbox conformance --dir DIR")
		return 2
	}
	path, err := writeConformance(ctx, *dir)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	fmt.Fprintln(stdout, path)
	return 0
}

// PhoneMain is the command line "sandbox phone": a phone without screens. It reads what a QR code says
// from its input, enrols, and prints the six digits that the phone app would show.
func PhoneMain(ctx context.Context, _ []string, stdout, stderr io.Writer) int {
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		fmt.Fprintln(stderr, "reading the enrolment URL, one line, from standard input:", err)
		return 1
	}
	code, err := enrolByURL(ctx, strings.TrimSpace(line))
	if err != nil {
		fmt.Fprintln(stderr, "enrolling a phone:", err)
		return 1
	}
	fmt.Fprintln(stdout, code)
	return 0
}

func writeConformance(ctx context.Context, dir string) (string, error) {
	s, err := Load(dir)
	if err != nil {
		return "", err
	}
	cards, err := s.IssueTestCards(ctx)
	if err != nil {
		return "", err
	}
	m := &maker{Options: Options{Dir: s.Dir}}
	files := map[string]TestCard{
		"holder": cards.Holder, "other-person": cards.Stranger, "certificate_expired": cards.Expired, "certificate_revoked": cards.Revoked,
		"certificate_not_yet_valid": cards.NotYetValid, "certificate_not_qualified": cards.Unqualified, "certificate_key_usage": cards.ForSignIn,
		"certificate_device_withdrawn": cards.Withdrawn, "identity_required": cards.Renewed,
	}
	refused := map[string]string{}
	for name, card := range files {
		if err := m.writeCertificate("conformance/"+name+".pem", card.Certificate); err != nil {
			return "", err
		}
		if name != "holder" && name != "other-person" {
			refused[name] = name + ".pem"
		}
	}
	key, err := x509.MarshalPKCS8PrivateKey(cards.Holder.Key)
	if err != nil {
		return "", err
	}
	codes, err := s.conformanceCodes(ctx)
	if err != nil {
		return "", err
	}
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	codes["freshCommand"] = []string{program, "code", "create", "--config", s.Configs.Portal}
	config, err := json.MarshalIndent(map[string]any{
		"baseUrl": s.URLs.Portal, "codes": codes, "holder": map[string]string{"certificate": "holder.pem", "key": "holder.key"},
		"otherPerson": "other-person.pem", "refused": refused, "sealKeys": []string{s.CA.Seal},
		"phone":   map[string]any{"command": []string{program, "sandbox", "phone"}},
		"contact": map[string]string{"email": "zaneta@poczta.example", "phone": "600100200"},
	}, "", "  ")
	return m.path("conformance", "config.json"), errors.Join(err,
		m.write("conformance/holder.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		m.write("conformance/config.json", append(config, '\n')),
	)
}

// conformanceCodes sells codes that are to be refused.
func (s *Sandbox) conformanceCodes(ctx context.Context) (map[string]any, error) {
	c, err := web.LoadConfig(s.Configs.Portal)
	if err != nil {
		return nil, err
	}
	store, err := renewal.OpenStore(ctx, c.Database, c.CodeKey)
	if err != nil {
		return nil, err
	}
	expired, err1 := store.CreateCodeUntil(ctx, renewal.Offer{Months: months, Target: renewal.TargetCloud}, time.Now().Add(-time.Hour))
	other, err2 := store.CreateCode(ctx, renewal.Offer{Months: months, Target: renewal.TargetCard})
	return map[string]any{"unknown": renewal.UnsoldCode(), "expired": expired, "otherProduct": other}, errors.Join(err1, err2, store.Close())
}
