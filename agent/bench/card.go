//go:build linux

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	sessions     = 24
	signatures   = 10 // of a session: a website may have no more at once
)

// signFigures: signature.create of a document of 1 MiB, less the window's time, beside hashing and C_Sign in
// a C program. What it is held against is the one that logs in each time, as the agent must. They take turns, as
// the computer is slower at one time than at another, and the figure is the median of the turns' own.
func signFigures(r *rig) ([]figure, error) {
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
	floor, err := r.floor(certificate, document)
	if err != nil {
		return nil, err
	}
	var whole, window, bare, login, more []time.Duration
	for range sessions {
		var w, p, b, l []time.Duration
		if err := errors.Join(r.signed(body, &w, &p), floor(&b), floor(&l, "login")); err != nil {
			return nil, err
		}
		whole, window, bare, login = append(whole, w...), append(window, p...), append(bare, b...), append(login, l...)
		more = append(more, median(w)-median(p)-median(l))
	}
	return []figure{
		{"SHA-256 of 1 MiB and C_Sign (RSA-2048) in a C program", ms(median(bare)), -1, "ms", spread(bare)},
		{"  the same with C_Login and C_Logout each time", ms(median(login)), -1, "ms", spread(login)},
		{"signature.create with 1 MiB, with the window", ms(median(whole)), -1, "ms", spread(whole)},
		{"  of that the window, measured alone", ms(median(window)), -1, "ms", spread(window)},
		{"  the agent's own, more than the C program that logs in", ms(median(more)), 3, "ms", "a PIN is for one signature; " + spread(more)},
	}, nil
}

// signed has a new service and session sign, and the person talk alone in between.
func (r *rig) signed(body []byte, whole, window *[]time.Duration) error {
	_, stopService, err := r.start("service") // which writes so many records of a user and no more
	if err != nil {
		return err
	}
	defer stopService()
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

// floor builds the C program. What it gives runs it and adds its times; more is "login" or nothing.
func (r *rig) floor(c cardtest.Certificate, document []byte) (run func(times *[]time.Duration, more ...string) error, err error) {
	program, err := r.compile("sign.c")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(r.dir, "document")
	if err := os.WriteFile(file, document, 0o600); err != nil {
		return nil, err
	}
	args := []string{r.card.Module, r.card.PIN, hex.EncodeToString(c.KeyID), file, strconv.Itoa(signatures)}
	return func(times *[]time.Duration, more ...string) error {
		cmd := exec.Command(program, append(args, more...)...)
		cmd.Env = r.card.Env
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("the C program: %w", err)
		}
		for line := range strings.Lines(string(out)) {
			us, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
			if err != nil {
				return err
			}
			*times = append(*times, time.Duration(us*1e3))
		}
		return nil
	}, nil
}
