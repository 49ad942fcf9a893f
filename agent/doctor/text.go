package doctor

import (
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

type explanation struct{ cause, cure string }

// reason says more exactly than a code what is wrong; it is for programs, too.
type reason string

// The reasons.
const (
	manifestMissing   reason = "manifest_missing"
	manifestInvalid   reason = "manifest_invalid"
	manifestPath      reason = "manifest_path"
	manifestID        reason = "manifest_extension"
	nativeBlocked     reason = "native_messaging_blocked"
	userHostsBlocked  reason = "user_level_hosts_blocked"
	extensionBlocked  reason = "extension_blocked"
	browserConfined   reason = "browser_confined"
	serviceMissing    reason = "service_missing"
	serviceVersion    reason = "service_version"
	sessionVersion    reason = "session_version"
	sessionSilent     reason = "session_silent"
	policyBefore      reason = "policy_before"
	pinIsLow          reason = "pin_low"
	pinIsFinal        reason = "pin_final"
	certificateLogin  reason = "key_usage"
	certificatePast   reason = "expired"
	certificateFuture reason = "not_yet_valid"
)

// words explain codes and reasons.
var words = map[window.Language]map[string]explanation{
	window.Polish: {
		string(bridge.CodeServiceStopped):    {"Usługa agenta jest zainstalowana, ale nie działa.", "Uruchom usługę odnowa-agent albo poproś o to administratora."},
		string(bridge.CodeWindowUnavailable): {"Agent nie może otworzyć swojego okna.", "Zaloguj się do pulpitu graficznego i zainstaluj program pinentry."},
		string(bridge.CodeNoModule):          {"Nie skonfigurowano oprogramowania karty (modułu PKCS#11).", "Zainstaluj oprogramowanie karty i wpisz jego moduł do konfiguracji agenta."},
		string(bridge.CodeModuleFailed):      {"Oprogramowanie karty nie odpowiada lub nie działa poprawnie.", "Wyjmij kartę i włóż ją ponownie. Jeśli to nie pomoże, zaktualizuj oprogramowanie karty."},
		string(bridge.CodeNoReader):          {"Nie podłączono czytnika kart.", "Podłącz czytnik do komputera."},
		string(bridge.CodeNoCard):            {"W czytniku nie ma karty.", "Włóż kartę do czytnika."},
		string(bridge.CodeNoCertificate):     {"Na karcie nie ma ważnego certyfikatu do podpisu.", "Sprawdź, czy to właściwa karta."},
		string(bridge.CodeNoSession):         {"Sesja agenta nie działa dla zalogowanego użytkownika.", "Wyloguj się i zaloguj ponownie albo uruchom: odnowa-agent session."},
		string(bridge.CodeOriginNotAllowed):  {"Konfiguracja agenta nie wymienia żadnej strony internetowej.", "Poproś administratora o uzupełnienie konfiguracji agenta."},
		string(bridge.CodePolicyInvalid):     {"Nie można odczytać konfiguracji agenta.", "Poproś administratora o poprawienie pliku konfiguracji."},
		string(bridge.CodePCSCStopped):       {"Usługa kart inteligentnych (PC/SC) nie działa.", "Zainstaluj lub uruchom pcscd albo poproś o to administratora."},
		string(bridge.CodeModuleMissing):     {"Oprogramowania karty, które wymienia konfiguracja, nie ma na komputerze.", "Zainstaluj je ponownie albo usuń je z konfiguracji."},
		string(bridge.CodeModuleRefused):     {"Oprogramowanie karty leży tam, gdzie może je zmienić nie tylko administrator, więc nie zostało użyte.", "Poproś administratora o zainstalowanie go dla całego komputera."},
		string(bridge.CodeModuleSlow):        {"Oprogramowanie karty jeszcze czyta kartę.", "Zaczekaj chwilę. Jeśli to nie pomoże, wyjmij kartę i włóż ją ponownie."},
		string(bridge.CodePINLocked):         {"PIN karty jest zablokowany.", "Odblokuj go kodem PUK w programie karty."},
		string(bridge.CodeAuditFailed):       {"Dziennika podpisów nie można odczytać albo ktoś go zmienił.", "Poproś administratora o pomoc: odnowa-agent audit verify pokaże, co jest nie tak."},
		string(bridge.CodeHostNotRegistered): {"Przeglądarka nie może uruchomić agenta.", "Zainstaluj agenta ponownie albo poproś o to administratora."},
		string(manifestMissing):              {"Agent nie jest zarejestrowany w tej przeglądarce.", "Zainstaluj agenta ponownie albo poproś o to administratora."},
		string(manifestInvalid):              {"Plik, którym agent jest zarejestrowany w przeglądarce, jest uszkodzony.", "Zainstaluj agenta ponownie."},
		string(manifestPath):                 {"Przeglądarka jest skierowana do innego programu niż ten agent albo do programu, którego nie ma.", "Zainstaluj agenta ponownie."},
		string(manifestID):                   {"Rejestracja agenta nie wymienia rozszerzenia, które dopuszcza konfiguracja.", "Zainstaluj agenta i rozszerzenie tego samego urzędu certyfikacji."},
		string(nativeBlocked):                {"Zasady przeglądarki zabraniają uruchamiania agenta.", "Poproś administratora, aby dopisał pl.odnowa.agent do NativeMessagingAllowlist."},
		string(userHostsBlocked):             {"Zasady przeglądarki zabraniają agentów zainstalowanych przez użytkownika.", "Poproś administratora o zainstalowanie agenta dla całego komputera."},
		string(extensionBlocked):             {"Zasady przeglądarki zabraniają rozszerzenia.", "Poproś administratora, aby dopuścił rozszerzenie w ExtensionSettings."},
		string(browserConfined):              {"Ta przeglądarka jest zainstalowana jako Snap lub Flatpak i może nie móc uruchomić agenta.", "Użyj innej przeglądarki albo zainstaluj ją z pakietu systemu."},
		string(serviceMissing):               {"Konfiguracja wymaga usługi agenta, ale usługi nie zainstalowano.", "Zainstaluj agenta ponownie."},
		string(serviceVersion):               {"Usługa agenta ma inną wersję niż ten program.", "Uruchom usługę odnowa-agent ponownie."},
		string(sessionVersion):               {"Działająca sesja agenta ma inną wersję niż ten program.", "Wyloguj się i zaloguj ponownie."},
		string(sessionSilent):                {"Sesja agenta działa, ale nie odpowiada.", "Wyloguj się i zaloguj ponownie."},
		string(policyBefore):                 {"Zmieniona konfiguracja agenta jest błędna; działa poprzednia.", "Poproś administratora o jej poprawienie: odnowa-agent policy pokaże błąd."},
		string(pinIsLow):                     {"Ostatnio podano zły PIN.", "Podaj właściwy PIN; kolejne błędy zablokują kartę."},
		string(pinIsFinal):                   {"Została jedna próba podania PIN-u.", "Podaj PIN tylko, jeśli masz pewność."},
		string(certificateLogin):             {"Ten certyfikat służy do czego innego niż podpis.", "Wybierz certyfikat do podpisu."},
		string(certificatePast):              {"Ten certyfikat stracił ważność.", "Kup nowy certyfikat."},
		string(certificateFuture):            {"Ten certyfikat nie jest jeszcze ważny.", "Zaczekaj, aż zacznie obowiązywać, i sprawdź zegar komputera."},
	},
	window.English: {
		string(bridge.CodeServiceStopped):    {"The agent's service is installed but not running.", "Start the service odnowa-agent, or ask the administrator to."},
		string(bridge.CodeWindowUnavailable): {"The agent cannot open its window.", "Log in to a graphical desktop and install pinentry."},
		string(bridge.CodeNoModule):          {"No card software (PKCS#11 module) is configured.", "Install the card's software and name its module in the agent's policy."},
		string(bridge.CodeModuleFailed):      {"The card's software does not answer or does not work.", "Take the card out and put it in again. If that does not help, update the card's software."},
		string(bridge.CodeNoReader):          {"No card reader is connected.", "Connect the reader to the computer."},
		string(bridge.CodeNoCard):            {"No card is in the reader.", "Put the card into the reader."},
		string(bridge.CodeNoCertificate):     {"The card has no valid certificate for signing.", "Check that it is the right card."},
		string(bridge.CodeNoSession):         {"The agent's session does not run for this login.", "Log out and in again, or start: odnowa-agent session."},
		string(bridge.CodeOriginNotAllowed):  {"The agent's policy lists no website.", "Ask the administrator to complete the agent's policy."},
		string(bridge.CodePolicyInvalid):     {"The agent's policy cannot be read.", "Ask the administrator to mend the policy file."},
		string(bridge.CodePCSCStopped):       {"The system's service for smart cards (PC/SC) does not run.", "Install or start pcscd, or ask the administrator to."},
		string(bridge.CodeModuleMissing):     {"Card software that the policy names is not on this computer.", "Install it again, or take it out of the policy."},
		string(bridge.CodeModuleRefused):     {"Card software lies where others than the administrator can change it, and was not used.", "Ask the administrator to install it for the whole computer."},
		string(bridge.CodeModuleSlow):        {"The card's software is still reading the card.", "Wait a moment. If that does not help, take the card out and put it in again."},
		string(bridge.CodePINLocked):         {"The card's PIN is locked.", "Unlock it with the PUK, in the card's own program."},
		string(bridge.CodeAuditFailed):       {"The log of signatures cannot be read, or somebody changed it.", "Ask the administrator: odnowa-agent audit verify shows what is wrong."},
		string(bridge.CodeHostNotRegistered): {"A browser cannot start the agent.", "Install the agent again, or ask the administrator to."},
		string(manifestMissing):              {"The agent is not registered with this browser.", "Install the agent again, or ask the administrator to."},
		string(manifestInvalid):              {"The file that registers the agent with this browser is damaged.", "Install the agent again."},
		string(manifestPath):                 {"The browser is pointed to another program than this agent, or to one that is not there.", "Install the agent again."},
		string(manifestID):                   {"The agent's registration does not name the extension that the policy allows.", "Install agent and extension of the same certificate authority."},
		string(nativeBlocked):                {"The browser's policies forbid to start the agent.", "Ask the administrator to add pl.odnowa.agent to NativeMessagingAllowlist."},
		string(userHostsBlocked):             {"The browser's policies forbid agents that a user installed.", "Ask the administrator to install the agent for the whole computer."},
		string(extensionBlocked):             {"The browser's policies forbid the extension.", "Ask the administrator to allow it in ExtensionSettings."},
		string(browserConfined):              {"This browser is installed as a Snap or Flatpak and may be unable to start the agent.", "Use another browser, or install this one from the system's packages."},
		string(serviceMissing):               {"The policy wants the agent's service, which is not installed.", "Install the agent again."},
		string(serviceVersion):               {"The agent's service is of another version than this program.", "Restart the service odnowa-agent."},
		string(sessionVersion):               {"The session that runs is of another version than this program.", "Log out and in again."},
		string(sessionSilent):                {"The agent's session runs but does not answer.", "Log out and in again."},
		string(policyBefore):                 {"The agent's changed policy is bad; the one before is in force.", "Ask the administrator to mend it: odnowa-agent policy shows what is wrong."},
		string(pinIsLow):                     {"The last PIN was wrong.", "Type the right one; more wrong ones lock the card."},
		string(pinIsFinal):                   {"There is one try left for the PIN.", "Type it only if you are sure."},
		string(certificateLogin):             {"This certificate is for something else than signing.", "Choose one for signing."},
		string(certificatePast):              {"This certificate has expired.", "Buy a new one."},
		string(certificateFuture):            {"This certificate is not valid yet.", "Wait until it is, and check the computer's clock."},
	},
}

// term are the words in facts.
type term struct {
	noCard, unknownCard, issuer, valid, key, card, pad string
	manifest, program, policy, version, noFile         string
	pin                                                map[bridge.PINState]string
	states                                             map[bridge.CheckState]string
	checks                                             map[string]string
}

var terms = map[window.Language]term{
	window.Polish: {
		"bez karty", "karta, której żaden moduł nie zna", "wystawca", "ważny", "klucz", "karta", "podawany na czytniku",
		"rejestracja", "program", "zasady", "wersja", "nie ma takiego pliku",
		map[bridge.PINState]string{bridge.PINOK: "w porządku", bridge.PINLow: "ostatnio błędny", bridge.PINFinal: "ostatnia próba", bridge.PINLocked: "zablokowany"},
		map[bridge.CheckState]string{bridge.CheckOK: "OK", bridge.CheckWarning: "UWAGA", bridge.CheckFailed: "BŁĄD", bridge.CheckUnknown: "NIE WIEM"},
		map[string]string{
			CheckPolicy: "konfiguracja", bridge.CheckBrowser: "przeglądarki", CheckSession: "sesja", bridge.CheckAgent: "agent", bridge.CheckService: "usługa",
			bridge.CheckWindow: "okno", bridge.CheckPCSC: "PC/SC", bridge.CheckModules: "oprogramowanie kart", bridge.CheckReader: "czytniki",
			bridge.CheckCard: "karta", bridge.CheckCertificate: "certyfikaty", CheckAudit: "dziennik podpisów",
		},
	},
	window.English: {
		"no card", "a card that no module knows", "issuer", "valid", "key", "card", "typed on the reader",
		"registration", "program", "policies", "version", "there is no such file",
		map[bridge.PINState]string{bridge.PINOK: "ok", bridge.PINLow: "the last one was wrong", bridge.PINFinal: "last try", bridge.PINLocked: "locked"},
		nil, nil, // the protocol's words are English
	},
}

// Explain gives cause and cure of a code that a check can find.
func Explain(l window.Language, c bridge.Code) (cause, cure string) {
	e := words[l][string(c)]
	return e.cause, e.cure
}
