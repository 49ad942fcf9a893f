package doctor

import (
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

type explanation struct{ cause, cure string }

var words = map[window.Language]map[bridge.Code]explanation{
	window.Polish: {
		bridge.CodeServiceStopped:    {"Usługa agenta jest zainstalowana, ale nie działa.", "Uruchom usługę odnowa-agent albo poproś o to administratora."},
		bridge.CodeWindowUnavailable: {"Agent nie może otworzyć swojego okna.", "Zaloguj się do pulpitu graficznego i zainstaluj program pinentry."},
		bridge.CodeNoModule:          {"Nie skonfigurowano oprogramowania karty (modułu PKCS#11).", "Zainstaluj oprogramowanie karty i wpisz jego moduł do konfiguracji agenta."},
		bridge.CodeModuleFailed:      {"Oprogramowanie karty nie odpowiada lub nie działa poprawnie.", "Wyjmij kartę i włóż ją ponownie. Jeśli to nie pomoże, zaktualizuj oprogramowanie karty."},
		bridge.CodeNoReader:          {"Nie podłączono czytnika kart.", "Podłącz czytnik do komputera."},
		bridge.CodeNoCard:            {"W czytniku nie ma karty.", "Włóż kartę do czytnika."},
		bridge.CodeNoCertificate:     {"Na karcie nie ma ważnego certyfikatu do podpisu.", "Sprawdź, czy to właściwa karta."},
		bridge.CodeNoSession:         {"Sesja agenta nie działa dla zalogowanego użytkownika.", "Wyloguj się i zaloguj ponownie albo uruchom: odnowa-agent session."},
		bridge.CodeOriginNotAllowed:  {"Konfiguracja agenta nie wymienia żadnej strony internetowej.", "Poproś administratora o uzupełnienie konfiguracji agenta."},
		bridge.CodePolicyInvalid:     {"Zmieniona konfiguracja agenta jest błędna; działa poprzednia.", "Poproś administratora o jej poprawienie: odnowa-agent policy pokaże błąd."},
		bridge.CodeInternal:          {"Nie można odczytać konfiguracji agenta.", "Poproś administratora o poprawienie pliku konfiguracji."},
	},
	window.English: {
		bridge.CodeServiceStopped:    {"The agent's service is installed but not running.", "Start the service odnowa-agent, or ask the administrator to."},
		bridge.CodeWindowUnavailable: {"The agent cannot open its window.", "Log in to a graphical desktop and install pinentry."},
		bridge.CodeNoModule:          {"No card software (PKCS#11 module) is configured.", "Install the card's software and name its module in the agent's policy."},
		bridge.CodeModuleFailed:      {"The card's software does not answer or does not work.", "Take the card out and put it in again. If that does not help, update the card's software."},
		bridge.CodeNoReader:          {"No card reader is connected.", "Connect the reader to the computer."},
		bridge.CodeNoCard:            {"No card is in the reader.", "Put the card into the reader."},
		bridge.CodeNoCertificate:     {"The card has no valid certificate for signing.", "Check that it is the right card."},
		bridge.CodeNoSession:         {"The agent's session does not run for this login.", "Log out and in again, or start: odnowa-agent session."},
		bridge.CodeOriginNotAllowed:  {"The agent's policy lists no website.", "Ask the administrator to complete the agent's policy."},
		bridge.CodePolicyInvalid:     {"The agent's changed policy is bad; the one before is in force.", "Ask the administrator to mend it: odnowa-agent policy shows what is wrong."},
		bridge.CodeInternal:          {"The agent's policy cannot be read.", "Ask the administrator to mend the policy file."},
	},
}
