package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/odnowa/odnowa/agent/doctor"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/log"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/support"
)

// logPath is where the session keeps its log; empty where its user has no folder for that.
func logPath() string {
	dir, err := local.StateDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "session.jsonl")
}

// keptLog writes to the session's log beside standard error, which may lead nowhere.
func keptLog(stderr io.Writer) io.Writer {
	f, err := log.OpenFile(logPath())
	if err != nil {
		return stderr // the log is a help, not a need
	}
	return io.MultiWriter(f, stderr)
}

// runSupport packs what somebody needs who helps.
func runSupport(ctx context.Context, args []string, s stdio) int {
	now := time.Now()
	path := "odnowa-support-" + now.Format("2006-01-02-150405") + ".zip"
	if len(args) == 3 {
		path = args[2]
	}
	findings := lookAtMachine(ctx)
	p, err := policy.Load()
	if err != nil {
		p = nil // the findings say so
	}
	machine := doctor.ThisMachine()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fail(s.err, err, say("Wskaż nowy plik w swoim folderze: odnowa-agent support --out FILE.", "Name a new file in a folder of yours: odnowa-agent support --out FILE."))
	}
	err = support.Write(f, support.Options{
		Version: version, Findings: findings, Policy: p, Log: logPath(), Now: now,
		Readme: supportReadme(), Scrub: support.NewScrubber(machine.Home, doctor.Names(findings)),
	})
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(path)
		return fail(s.err, err, say("Zrób miejsce na dysku i spróbuj ponownie.", "Make room and try again."))
	}
	fmt.Fprintln(s.out, path)
	fmt.Fprintln(s.err, say("Obejrzyj zawartość, a potem wyślij plik osobie, która Ci pomaga. Program niczego sam nie wysyła.",
		"Look at what is in it, then send the file to whoever helps you. The program sends nothing by itself."))
	return 0
}

// supportReadme says, inside the pack, what it is.
func supportReadme() string {
	return say("Zebrane przez odnowa-agent support: wyniki sprawdzenia, dziennik sesji, konfiguracja i opis systemu.\nNie ma tu danych osobowych, certyfikatów, dokumentów ani kodów PIN. Obejrzyj pliki, zanim je wyślesz.",
		"Packed by odnowa-agent support: the findings of the check, the session's log, the policy and the system.\nThere are no personal data, certificates, documents or PINs in it. Look at the files before you send them.")
}
