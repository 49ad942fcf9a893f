//go:build linux

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// listFigures: certificates.list with three certificates, in a session that has just started, and warm.
func listFigures(r *rig) ([]figure, error) {
	_, stopService, err := r.start("service")
	if err != nil {
		return nil, err
	}
	defer stopService()
	body, err := request(bridge.MethodListCertificate, bridge.ListParams{Caller: caller, Filter: bridge.Filter{NonRepudiation: true, Valid: true}})
	if err != nil {
		return nil, err
	}
	var first, warm []time.Duration
	for range 9 {
		if err := r.listed(body, &first, &warm); err != nil {
			return nil, err
		}
	}
	return []figure{
		{"certificates.list, first after the session's start", ms(median(first)), 60, "ms", spread(first)},
		{"certificates.list, warm", ms(median(warm)), 2, "ms", spread(warm)},
	}, nil
}

func (r *rig) listed(body []byte, first, warm *[]time.Duration) error {
	b, end, err := r.session()
	if err != nil {
		return err
	}
	defer end()
	for i := range 8 {
		begin := time.Now()
		answer, err := b.exchange(body)
		took := time.Since(begin)
		if err != nil {
			return err
		}
		if n := bytes.Count(answer, []byte(`"der":`)); n != 3 {
			return fmt.Errorf("%d certificates, want 3: %.300s", n, answer)
		}
		if i == 0 {
			*first = append(*first, took)
		} else if i > 2 {
			*warm = append(*warm, took)
		}
	}
	return nil
}

const (
	documentSize = 1 << 20
	sessions     = 4
	signatures   = 10 // of a session: a website may have no more at once
)

// signFigures: signature.create of a document of 1 MiB, less the window's time, beside hashing and C_Sign in
// a C program. What it is held against is the one that logs in each time, as the agent must.
func signFigures(r *rig) ([]figure, error) {
	_, stopService, err := r.start("service")
	if err != nil {
		return nil, err
	}
	defer stopService()
	document := make([]byte, documentSize)
	rand.Read(document)
	certificate := r.card.Certificate(cardtest.Sign)
	body, err := request(bridge.MethodCreateSignature, bridge.SignParams{
		Caller: caller, CertificateID: certificate.ID, Format: bridge.FormatCAdES,
		Document: bridge.Document{Name: "a.pdf", MediaType: "application/pdf", Bytes: document},
	})
	if err != nil {
		return nil, err
	}
	var whole, window []time.Duration
	for range sessions {
		if err := r.signed(body, &whole, &window); err != nil {
			return nil, err
		}
	}
	floor, err := r.floor(certificate, document)
	if err != nil {
		return nil, err
	}
	login, err := r.floor(certificate, document, "login")
	if err != nil {
		return nil, err
	}
	ours := median(whole) - median(window)
	return []figure{
		{"SHA-256 of 1 MiB and C_Sign (RSA-2048) in a C program", ms(median(floor)), -1, "ms", spread(floor)},
		{"  the same with C_Login and C_Logout each time", ms(median(login)), -1, "ms", spread(login)},
		{"signature.create with 1 MiB, with the window", ms(median(whole)), -1, "ms", spread(whole)},
		{"  of that the window, measured alone", ms(median(window)), -1, "ms", spread(window)},
		{"  the agent's own, more than the C program that logs in", ms(ours - median(login)), 3, "ms", "a PIN is for one signature"},
	}, nil
}

// signed has a new session sign, and the person talk alone in between.
func (r *rig) signed(body []byte, whole, window *[]time.Duration) error {
	b, end, err := r.session()
	if err != nil {
		return err
	}
	defer end()
	for i := range signatures {
		begin := time.Now()
		answer, err := b.exchange(body)
		took := time.Since(begin)
		if err != nil {
			return err
		}
		if !bytes.Contains(answer, []byte(`"cms"`)) {
			return fmt.Errorf("no signature: %.300s", answer)
		}
		begin = time.Now()
		if err := r.talk(r.env); err != nil {
			return err
		}
		if i > 0 { // the first loads the module
			*whole, *window = append(*whole, took), append(*window, time.Since(begin))
		}
	}
	return nil
}

// floor runs the C program; more is "login" or nothing.
func (r *rig) floor(c cardtest.Certificate, document []byte, more ...string) ([]time.Duration, error) {
	_, here, _, _ := runtime.Caller(0)
	program, file := filepath.Join(r.dir, "sign"), filepath.Join(r.dir, "document")
	if out, err := exec.Command("gcc", "-O2", "-w", "-o", program, filepath.Join(filepath.Dir(here), "testdata/sign.c"), "-ldl").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the C program: %w: %s", err, out)
	}
	if err := os.WriteFile(file, document, 0o600); err != nil {
		return nil, err
	}
	args := []string{r.card.Module, r.card.PIN, hex.EncodeToString(c.KeyID), file, strconv.Itoa(sessions * signatures)}
	cmd := exec.Command(program, append(args, more...)...)
	cmd.Env = r.card.Env
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the C program: %w", err)
	}
	var times []time.Duration
	for line := range strings.Lines(string(out)) {
		us, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			return nil, err
		}
		times = append(times, time.Duration(us*1e3))
	}
	return times, nil
}
