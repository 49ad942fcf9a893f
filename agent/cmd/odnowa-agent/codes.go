package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/odnowa/odnowa/agent/doctor"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// advice is what happened, and what to do.
type advice struct{ cause, cure string }

// own is what commands say of codes otherwise than others do: in Polish in place of package bridge, which has English
// alone; in English where that speaks of a website, and there is none. Polish that is not here package doctor has.
var own = map[window.Language]map[bridge.Code]advice{
	window.Polish: {
		bridge.CodeInternal:           {"Agent napotkał nieoczekiwany błąd.", "Spróbuj ponownie. Jeśli to nie pomoże, uruchom odnowa-agent doctor i wyślij wynik pomocy technicznej."},
		bridge.CodeBusy:               {"Otwarte jest inne okno agenta.", "Najpierw dokończ albo anuluj tamto okno."},
		bridge.CodeRateLimited:        {"Zbyt wiele prób w krótkim czasie.", "Odczekaj minutę i spróbuj ponownie."},
		bridge.CodeTimeout:            {"Minął czas na odpowiedź w oknie.", "Nic nie zostało podpisane. Spróbuj ponownie."},
		bridge.CodeUserCancelled:      {"Anulowano w oknie agenta.", "Nic nie zostało podpisane. Możesz spróbować ponownie."},
		bridge.CodeRequestCancelled:   {"Przerwano polecenie.", "Nic nie zostało podpisane."},
		bridge.CodeCardRemoved:        {"Karta została wyjęta.", "Włóż kartę z powrotem i spróbuj ponownie."},
		bridge.CodeCertificateUnknown: {"Nie widać wybranego certyfikatu.", "Włóż do czytnika kartę z tym certyfikatem."},
		bridge.CodeDocumentRefused:    {"Tego dokumentu nie można podpisać tym certyfikatem.", "Wybierz inny certyfikat: odnowa-agent certificates."},
		bridge.CodeDocumentTooLarge:   {"Dokument jest większy, niż przyjmuje agent.", "Użyj mniejszego dokumentu."},
		bridge.CodeSigningFailed:      {"Karta odmówiła podpisania.", "Wyjmij kartę, włóż ją ponownie i spróbuj jeszcze raz."},
		bridge.CodeRSignUnavailable:   {"Usługa rSign nie odpowiada tak, jak powinna, albo konfiguracja nie wymienia żadnej.", "Sprawdź połączenie z internetem i zegar komputera, potem spróbuj ponownie za kilka minut. Jeśli to nie pomoże, skontaktuj się z administratorem."},
		bridge.CodeRSignRefused:       {"Odmówiono w telefonie albo telefon usunął ten komputer.", "Nic nie zostało podpisane. Spróbuj ponownie. Jeśli komputer został usunięty w telefonie, aktywuj na nim rSign jeszcze raz."},
		bridge.CodeRSignExpired:       {"Minął czas na odpowiedź w telefonie.", "Weź telefon, otwórz aplikację rSign i spróbuj ponownie."},
		bridge.CodeRSignLocked:        {"Certyfikatem w chmurze nie można podpisać: telefon jest zablokowany po błędnych PIN-ach albo certyfikat nie jest ważny.", "Otwórz aplikację rSign na telefonie: powie, co zrobić."},
		bridge.CodeRSignBusy:          {"Telefon czeka na odpowiedź na inną prośbę.", "Odpowiedz na nią w telefonie albo odczekaj trzy minuty i spróbuj ponownie."},
		bridge.CodeAuditFailed:        {"Agent nie mógł zapisać podpisu w swoim dzienniku, a bez tego go nie wydaje.", "Nic nie zostało podpisane. Sprawdź, czy na dysku jest miejsce. Jeśli to nie pomoże, poproś o pomoc administratora: odnowa-agent doctor powie, co jest nie tak."},
	},
	window.English: {
		bridge.CodeRateLimited:      {"There were too many tries in a short time.", "Wait a minute and try again."},
		bridge.CodeRequestCancelled: {"The command was interrupted.", "Nothing was signed."},
		bridge.CodeDocumentRefused:  {"This certificate cannot sign this document.", "Choose another one: odnowa-agent certificates."},
	},
}

// explain gives cause and cure of a code in the terminal's language.
func explain(code bridge.Code) (cause, cure string) {
	info := bridge.Info(code)
	if a, ok := own[language()][info.Code]; ok {
		return a.cause, a.cure
	}
	if language() == window.Polish {
		if cause, cure = doctor.Explain(window.Polish, info.Code); cause != "" {
			return cause, cure
		}
	}
	return info.Cause, info.Cure
}

// failCode tells a person of a code; detail, where it is not nil, is what it was.
func failCode(w io.Writer, code bridge.Code, detail error) int {
	cause, cure := explain(code)
	err := fmt.Errorf("%s (%s)", cause, code)
	if detail != nil {
		err = fmt.Errorf("%w\n  %w", err, detail)
	}
	return fail(w, err, cure)
}

// failOpening is for a command that could not begin. What it was is told in full: it is this computer's own.
func failOpening(w io.Writer, err error) int {
	var be *bridge.Error
	if errors.As(err, &be) {
		return failCode(w, be.Code, be.Err)
	}
	return fail(w, err, say("Uruchom odnowa-agent doctor.", "Run odnowa-agent doctor."))
}
