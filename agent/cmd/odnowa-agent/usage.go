package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window"
)

// use is a command: how it is called, and what it does.
type use struct{ call, polish, english string }

// uses are what people type.
var uses = []use{
	{"certificates [--json]",
		"wypisuje certyfikaty z kart w czytnikach i z chmury (rSign)",
		"list the certificates on the cards in reach and in the cloud (rSign)"},
	{"sign [--certificate ID] FILE",
		"podpisuje plik; podpis powstaje obok niego, w pliku FILE.p7s",
		"sign a file; the signature goes beside it, into FILE.p7s"},
	{"rsign activate [--origin URL]",
		"pozwala temu komputerowi prosić o podpisy Twoim certyfikatem w chmurze",
		"let this computer ask for signatures of your certificate in the cloud"},
	{"rsign status",
		"wypisuje certyfikaty w chmurze i mówi, czy można ich stąd użyć",
		"list the certificates in the cloud and whether they can be used from here"},
	{"doctor [--json]",
		"sprawdza wszystko, czego wymaga podpis; kod wyjścia 1, jeśli czegoś brakuje",
		"check everything that a signature needs; exit code 1 if something is missing"},
	{"policy [--json]",
		"wypisuje obowiązującą konfigurację i źródło każdej wartości; kod wyjścia 1, jeśli jest błędna",
		"print the policy in force and where each value comes from; exit code 1 if it is bad"},
	{"audit verify [--json] [--head HASH] [FILE]",
		"sprawdza łańcuch dziennika podpisów; kod wyjścia 1 i miejsce, jeśli ktoś go zmienił",
		"follow the audit log's chain; exit code 1, and where, if it was changed"},
	{"support [--out FILE]",
		"pakuje wyniki sprawdzenia i dziennik, bez danych osobowych, dla osoby, która pomaga",
		"pack the doctor's findings and the log, without personal data, for whoever helps"},
	{"version", "wypisuje wersję", "print the version"},
}

// started are what the system and browsers start.
var started = []use{
	{"session", "obsługuje zalogowanego użytkownika", "serve this login"},
	{"service", "obsługuje cały komputer", "serve the whole machine"},
	{"run", "usługa i sesja w jednym procesie, tylko dla programistów", "service and session in one process, for development only"},
}

// say gives the words of the terminal's language.
func say(polish, english string) string {
	if language() == window.Polish {
		return polish
	}
	return english
}

func usage(w io.Writer) {
	fmt.Fprintf(w, "%s: odnowa-agent %s\n\n", say("Użycie", "Usage"), say("POLECENIE", "COMMAND"))
	printUses(w, uses)
	fmt.Fprintf(w, "\n%s:\n", say("Uruchamiane przez system i przeglądarki", "Started by the system and by browsers"))
	printUses(w, started)
	fmt.Fprintf(w, say("\nKonfigurację komputera zawiera %s; jeśli jej nie ma, może ją wskazać\nzmienna %s.\n",
		"\nThe machine's policy is %s; where there is none,\n%s may name one.\n"), policy.MachinePath(), policy.Environment)
}

func printUses(w io.Writer, all []use) {
	const column = 23
	for _, u := range all {
		call := u.call
		if len(call) >= column {
			call += "\n" + strings.Repeat(" ", column+2)
		}
		fmt.Fprintf(w, "  %-*s%s\n", column, call, say(u.polish, u.english))
	}
}

// withoutRole answers arguments that name no role, and gives the exit code: help that was asked for is not a mistake.
func withoutRole(args []string, s stdio) int {
	if len(args) == 0 {
		usage(s.err)
		return 2
	}
	if slices.Contains([]string{"help", "--help", "-h"}, args[0]) {
		usage(s.out)
		return 0
	}
	own := slices.DeleteFunc(slices.Concat(uses, started), func(u use) bool {
		command, _, _ := strings.Cut(u.call, " ")
		return command != args[0]
	})
	if len(own) == 0 {
		fail(s.err, fmt.Errorf(say("nie ma polecenia %q", "there is no command %q"), args[0]), say("Polecenia wypisuje: odnowa-agent help", "The commands are listed by: odnowa-agent help"))
		return 2
	}
	to, code := s.err, 2
	if args[len(args)-1] == "--help" {
		to, code = s.out, 0
	}
	for _, u := range own {
		fmt.Fprintf(to, "%s: odnowa-agent %s\n  %s\n", say("Użycie", "Usage"), u.call, say(u.polish, u.english))
	}
	return code
}
