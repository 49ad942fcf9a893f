import type { AgentCode, ExtensionCode, PortalCode } from "../bridge/codes.ts";

/** What happened, and what to do about it. */
export interface Advice {
  title: string;
  cure: string;
}

/** Words for every code of every source; a missing one does not compile. */
export interface CodeTexts {
  agent: Record<AgentCode, Advice>;
  portal: Record<PortalCode, Advice>;
  extension: Record<ExtensionCode, Advice>;
}

export const codesPl: CodeTexts = {
  agent: {
    internal: { title: "Program Odnowa napotkał nieoczekiwany błąd", cure: "Spróbuj ponownie. Jeśli to nie pomoże, skontaktuj się z pomocą techniczną." },
    invalid_request: { title: "Program Odnowa nie zrozumiał rozszerzenia przeglądarki", cure: "Zaktualizuj rozszerzenie i program Odnowa, potem odśwież stronę." },
    unknown_method: { title: "Program Odnowa jest za stary", cure: "Zaktualizuj program Odnowa, potem odśwież stronę." },
    version_unsupported: { title: "Rozszerzenie i program Odnowa mają niezgodne wersje", cure: "Zaktualizuj rozszerzenie i program Odnowa, potem odśwież stronę." },
    origin_not_allowed: { title: "Program Odnowa nie zna tej strony", cure: "Sprawdź adres strony. Jeśli jest właściwy, poproś administratora o dodanie jej do ustawień programu." },
    not_paired: { title: "Przeglądarka nie jest połączona z programem Odnowa", cure: "Naciśnij „Połącz przeglądarkę” i porównaj sześć cyfr w dwóch miejscach." },
    pairing_refused: { title: "Połączenie przeglądarki z programem Odnowa zostało odrzucone", cure: "Zacznij łączenie jeszcze raz i porównaj kody." },
    service_stopped: { title: "Program Odnowa jest zatrzymany", cure: "Uruchom usługę odnowa-agent albo poproś o to administratora." },
    no_session: { title: "Program Odnowa nie działa w Twojej sesji", cure: "Wyloguj się z komputera i zaloguj ponownie." },
    busy: { title: "Otwarte jest inne okno programu Odnowa", cure: "Dokończ albo anuluj tamto okno, potem spróbuj ponownie." },
    rate_limited: { title: "Zbyt wiele prób w krótkim czasie", cure: "Odczekaj minutę i spróbuj ponownie." },
    timeout: { title: "Minął czas na odpowiedź w oknie", cure: "Nic nie zostało podpisane. Spróbuj ponownie." },
    user_cancelled: { title: "Anulowano w oknie programu Odnowa", cure: "Nic nie zostało podpisane. Możesz spróbować ponownie." },
    request_cancelled: { title: "Podpisywanie zostało anulowane", cure: "Nic nie zostało podpisane. Możesz spróbować ponownie." },
    no_module: { title: "Brak oprogramowania karty", cure: "Zainstaluj oprogramowanie dostarczone z kartą." },
    module_failed: { title: "Oprogramowanie karty przestało odpowiadać", cure: "Wyjmij kartę, włóż ją ponownie i spróbuj jeszcze raz. Jeśli to nie pomoże, zaktualizuj oprogramowanie karty." },
    no_reader: { title: "Nie widać czytnika kart", cure: "Podłącz czytnik do komputera." },
    no_card: { title: "W czytniku nie ma karty", cure: "Włóż kartę do czytnika." },
    card_removed: { title: "Karta została wyjęta", cure: "Włóż kartę z powrotem i spróbuj ponownie." },
    no_certificate: { title: "Na karcie nie ma odpowiedniego certyfikatu", cure: "Sprawdź, czy to właściwa karta." },
    certificate_unknown: { title: "Nie widać wybranego certyfikatu", cure: "Włóż do czytnika kartę z tym certyfikatem." },
    pin_incorrect: { title: "PIN jest błędny", cure: "Sprawdź PIN. Po kilku błędnych próbach karta się zablokuje." },
    pin_locked: { title: "PIN karty jest zablokowany", cure: "Odblokuj PIN kodem PUK w oprogramowaniu karty." },
    pin_length: { title: "PIN ma niewłaściwą długość", cure: "Sprawdź PIN. Ta próba się nie liczy." },
    seal_missing: { title: "Dokument nie ma pieczęci urzędu", cure: "Odśwież stronę. Jeśli to nie pomoże, powiadom urząd." },
    seal_invalid: { title: "Pieczęć urzędu nie pasuje do dokumentu", cure: "Nie podpisuj. Powiadom urząd." },
    seal_expired: { title: "Dokument do podpisu stracił ważność", cure: "Spróbuj ponownie, przygotujemy nowy. Sprawdź też zegar komputera." },
    document_refused: { title: "Program Odnowa odmówił podpisania tego dokumentu", cure: "Powiadom urząd." },
    document_too_large: { title: "Dokument jest za duży", cure: "Powiadom urząd." },
    window_unavailable: { title: "Program Odnowa nie może otworzyć okna", cure: "Zaloguj się do pulpitu graficznego. W systemie Linux zainstaluj pinentry." },
    signing_failed: { title: "Karta odmówiła podpisania", cure: "Wyjmij kartę, włóż ją ponownie i spróbuj jeszcze raz." },
    codes_differ: { title: "Kody na ekranie i na telefonie są różne", cure: "Nic nie zostało podpisane. Zeskanuj kod QR ze swojego wniosku jeszcze raz, swoim telefonem." },
  },
  portal: {
    internal: { title: "Coś poszło nie tak po naszej stronie", cure: "Spróbuj ponownie za chwilę. Twoje dane nie przepadły." },
    invalid_request: { title: "Nie udało się odczytać wysłanych danych", cure: "Odśwież stronę i spróbuj ponownie." },
    origin_not_allowed: { title: "Ta strona nie może prowadzić odnowienia", cure: "Otwórz odnowienie ze strony swojego urzędu certyfikacji." },
    no_session: { title: "Trzeba jeszcze raz podać kod odnowienia", cure: "Ta przeglądarka nie pamięta odnowienia. Podaj kod, aby do niego wrócić." },
    wrong_state: { title: "Ten krok jest już za Tobą albo jeszcze przed Tobą", cure: "Pokazujemy aktualny krok. Dokończ go tutaj." },
    code_malformed: { title: "To nie wygląda na kod odnowienia", cure: "Sprawdź, czy kod jest cały i bez literówek." },
    code_unknown: { title: "Nie znamy takiego kodu", cure: "Sprawdź kod w wiadomości wysłanej po zakupie i wpisz go jeszcze raz." },
    code_expired: { title: "Kod stracił ważność", cure: "Kod działa 90 dni od zakupu. Skontaktuj się z nami, aby otrzymać nowy." },
    code_used: { title: "Ten kod został już wykorzystany", cure: "Certyfikat z tego kodu jest wydany. Każde odnowienie wymaga nowego kodu." },
    code_other_product: { title: "To kod innego produktu", cure: "Tutaj odnawia się certyfikat kwalifikowany z karty. Użyj kodu odnowienia." },
    code_tries_exceeded: { title: "Zbyt wiele prób podania kodu", cure: "Odczekaj i spróbuj ponownie." },
    start_too_late: { title: "Obecny certyfikat kończy się zbyt późno, by od tego dnia zacząć ważność nowego", cure: "Wróć i wybierz początek ważności „Od razu”." },
    certificate_malformed: { title: "Nie da się odczytać tego certyfikatu", cure: "Wybierz inny certyfikat albo skontaktuj się z nami." },
    certificate_other_ca: { title: "Ten certyfikat wydał inny urząd", cure: "Odnów go u jego wystawcy albo wybierz certyfikat wydany przez nas." },
    certificate_expired: { title: "Ważność tego certyfikatu się skończyła", cure: "Nie można nim podpisać wniosku. Skontaktuj się z nami, aby uzyskać nowy certyfikat." },
    certificate_not_yet_valid: { title: "Ten certyfikat jeszcze nie jest ważny", cure: "Wybierz certyfikat, który jest ważny dzisiaj. Sprawdź też zegar komputera." },
    certificate_revoked: { title: "Ten certyfikat jest unieważniony", cure: "Nie można nim podpisać wniosku. Skontaktuj się z nami." },
    certificate_key_usage: { title: "Ten certyfikat nie służy do podpisu", cure: "Wybierz certyfikat do podpisu kwalifikowanego." },
    certificate_not_qualified: { title: "To nie jest certyfikat kwalifikowany", cure: "Wybierz certyfikat kwalifikowany." },
    certificate_device_withdrawn: { title: "Karta z tym certyfikatem nie ma już wymaganego certyfikatu bezpieczeństwa", cure: "Odnowienie przez internet nie jest możliwe. Skontaktuj się z nami." },
    certificate_other_person: { title: "Ten certyfikat należy do innej osoby niż zamówienie", cure: "Wybierz swój certyfikat albo użyj swojego kodu odnowienia." },
    identity_required: { title: "Trzeba potwierdzić tożsamość", cure: "Ten certyfikat był już raz odnowiony podpisem, a prawo nie pozwala na to dwa razy z rzędu. Skontaktuj się z nami i umów potwierdzenie tożsamości." },
    lint_failed: { title: "Z danych obecnego certyfikatu nie da się wydać nowego", cure: "Skontaktuj się z nami. Trzeba poprawić dane certyfikatu." },
    terms_changed: { title: "Regulamin zmienił się w tej chwili", cure: "Odśwież stronę, przeczytaj nową wersję i zaakceptuj ją." },
    signature_malformed: { title: "Podpisu nie da się odczytać", cure: "Podpisz jeszcze raz. Jeśli to nie pomoże, zaktualizuj program Odnowa." },
    signature_other_certificate: { title: "Podpisano innym certyfikatem niż wybrany", cure: "Włóż kartę z wybranym certyfikatem i podpisz jeszcze raz." },
    signature_other_document: { title: "Podpis dotyczy innego dokumentu", cure: "Odśwież stronę i podpisz jeszcze raz. Jeśli to się powtórzy, powiadom nas." },
    signature_invalid: { title: "Podpis jest nieprawidłowy", cure: "Podpisz jeszcze raz. Jeśli to się powtórzy, powiadom nas." },
    phone_not_ready: { title: "Telefon nie jest jeszcze gotowy", cure: "Dokończ aktywację na telefonie." },
    phone_changed: { title: "W międzyczasie zeskanowano kod innym telefonem", cure: "Sprawdź, czy kod na Twoim telefonie zgadza się z kodem na ekranie. Jeśli nie, zeskanuj kod QR jeszcze raz." },
    email_invalid: { title: "Adres e-mail jest nieprawidłowy", cure: "Podaj adres w postaci jan@firma.pl." },
    phone_invalid: { title: "Numer telefonu jest nieprawidłowy", cure: "Podaj 9 cyfr albo numer ze znakiem + i kodem kraju." },
    issuer_unavailable: { title: "Urząd chwilowo nie odpowiada", cure: "Nic nie przepadło. Spróbuj ponownie za kilka minut." },
    sam_unavailable: { title: "Usługa rSign chwilowo nie odpowiada", cure: "Nic nie przepadło. Spróbuj ponownie za kilka minut." },
    timestamp_unavailable: { title: "Serwer znacznika czasu chwilowo nie odpowiada", cure: "Spróbuj ponownie za kilka minut. Trzeba będzie podpisać jeszcze raz." },
  },
  extension: {
    extension_missing: { title: "Brak rozszerzenia Odnowa w przeglądarce", cure: "Zainstaluj rozszerzenie, potem odśwież tę stronę." },
    extension_outdated: { title: "Rozszerzenie Odnowa ma niewłaściwą wersję", cure: "Zaktualizuj rozszerzenie, potem odśwież tę stronę." },
    extension_reloaded: { title: "Rozszerzenie zostało zaktualizowane lub wyłączone", cure: "Odśwież stronę. Wrócisz do tego samego kroku." },
    page_not_listed: { title: "Rozszerzenie nie działa na tej stronie", cure: "Otwórz odnowienie ze strony swojego urzędu certyfikacji." },
    agent_missing: { title: "Na tym komputerze nie ma programu Odnowa", cure: "Zainstaluj program Odnowa i sprawdź ponownie." },
    agent_forbidden: { title: "Program Odnowa nie zna tego rozszerzenia", cure: "Zainstaluj program Odnowa jeszcze raz, z tej samej strony co rozszerzenie." },
    agent_blocked: { title: "Administrator wyłączył program Odnowa w tej przeglądarce", cure: "Poproś administratora o dopuszczenie programu pl.odnowa.agent." },
    agent_crashed: { title: "Program Odnowa niespodziewanie się zakończył", cure: "Spróbuj ponownie. Jeśli to nie pomoże, uruchom komputer jeszcze raz." },
    agent_unreachable: { title: "Połączenie z programem Odnowa zostało przerwane", cure: "Spróbuj ponownie. Jeśli to nie pomoże, odśwież stronę." },
    agent_silent: { title: "Program Odnowa nie odpowiedział na czas", cure: "Sprawdź, czy nie ma otwartego okna programu, i spróbuj ponownie." },
    agent_unexpected: { title: "Nie udało się odczytać odpowiedzi programu Odnowa", cure: "Zaktualizuj rozszerzenie i program Odnowa, potem odśwież stronę." },
    portal_unreachable: { title: "Nie ma połączenia z urzędem", cure: "Sprawdź połączenie z internetem i spróbuj ponownie. Twoje dane nie przepadły." },
    portal_unexpected: { title: "Nie udało się odczytać odpowiedzi urzędu", cure: "Odśwież stronę. Jeśli to nie pomoże, zaktualizuj rozszerzenie." },
    agent_impostor: { title: "Zamiast programu Odnowa odpowiada inny program", cure: "Nic mu nie przekazaliśmy. Uruchom komputer jeszcze raz. Jeśli to nie pomoże, powiadom administratora." },
  },
};
