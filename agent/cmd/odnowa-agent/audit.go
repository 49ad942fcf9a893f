package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/agent/policy"
)

// auditOptions are the arguments of odnowa-agent audit verify.
type auditOptions struct {
	file, head string
	json       bool
}

// auditArguments reads audit verify [--json] [--head HASH] [FILE]; false where they are something else.
func auditArguments(args []string) (o auditOptions, ok bool) {
	if len(args) < 2 || args[0] != "audit" || args[1] != "verify" {
		return o, false
	}
	for rest := args[2:]; len(rest) > 0; rest = rest[1:] {
		switch {
		case rest[0] == "--json":
			o.json = true
		case rest[0] == "--head" && len(rest) > 1:
			o.head, rest = strings.ToLower(rest[1]), rest[1:]
		case strings.HasPrefix(rest[0], "--") || o.file != "":
			return o, false
		default:
			o.file = rest[0]
		}
	}
	return o, true
}

// runAudit follows the chain of an audit log and says where it is broken.
func runAudit(_ context.Context, args []string, s stdio) int {
	o, _ := auditArguments(args)
	if o.file == "" {
		p, err := policy.Load()
		if err == nil {
			o.file, err = auditPath(p)
		}
		if err != nil {
			return fail(s.err, err, say("Wskaż plik.", "Name the file."))
		}
	}
	r, err := audit.Verify(o.file, o.head)
	if err != nil {
		return fail(s.err, err, say("Wskaż dziennik, który możesz odczytać; dziennik usługi należy do administratora.",
			"Name a log that you may read; the service's is the administrator's."))
	}
	if o.json {
		printJSON(s.out, r)
	} else {
		printReport(s, o.file, r)
	}
	if len(r.Problems) > 0 {
		return 1
	}
	return 0
}

// auditPath is the log of the service, or of this user where there is no service.
func auditPath(p *policy.Policy) (string, error) {
	if p.Service {
		return filepath.Join(p.StateDir, auditFile), nil
	}
	dir, err := local.StateDir()
	return filepath.Join(dir, auditFile), err
}

func printReport(s stdio, path string, r audit.Report) {
	for _, p := range r.Problems {
		fmt.Fprintln(s.err, p)
	}
	if r.HalfLine {
		fmt.Fprintln(s.err, say("Ostatni wiersz jest niepełny: program zakończył się, gdy go pisał, i nic na jego podstawie nie podpisano. Naprawi go następny zapis.",
			"The last line is half-written: the program died in it, and nothing was signed on the strength of it. The next record mends it."))
	}
	if r.Records == 0 && len(r.Problems) == 0 {
		fmt.Fprintf(s.out, say("%s: nie ma w nim żadnego zapisu. Czy jakiś był, pokaże dziennik systemu.\n",
			"%s: there is no record in it. Whether there was one, the system's log shows.\n"), path)
		return
	}
	fmt.Fprintf(s.out, say("%s: zapisów: %d, plików: %d, numery od %d do %d\nhead: %s\n",
		"%s: %d records in %d files, numbers %d to %d\nhead: %s\n"), path, r.Records, r.Files, r.First, r.Last, r.Head)
	if len(r.Problems) == 0 {
		fmt.Fprintln(s.out, say("Łańcuch jest cały. Porównaj wartość head ze skrótem ostatniego zapisu w dzienniku systemu: tylko to pokaże, czy końca nie odcięto.",
			"The chain holds. Compare the head with the hash of the last record in the system's log: only that shows whether the end was cut off."))
		return
	}
	fail(s.err, errors.New(say("dziennik nie jest taki, jak go zapisano", "the log is not what was written")),
		say("Zachowaj kopię i poszukaj tych samych zapisów w dzienniku systemu.", "Keep a copy, and look for the same records in the system's log."))
}
