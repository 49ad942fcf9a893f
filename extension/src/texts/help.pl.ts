import type { Screen } from "../wizard/steps.ts";

/** Answers to what people ask at a step. */
export type Help = Partial<Record<Screen, readonly string[]>>;

export const helpPl: Help = {
  start: [
    "Kod odnowienia dostajesz po zakupie. Bez niego nie można zacząć.",
    "Odnowienie trwa około 15 minut. Możesz przerwać w każdej chwili i wrócić z tym samym kodem.",
  ],
  code: [
    "Kod jest w wiadomości e-mail po zakupie, czasem także na potwierdzeniu zamówienia. Sprawdź też folder ze spamem.",
    "Kod działa 90 dni i tylko raz. Nikt z nas nie poprosi Cię o niego przez telefon.",
  ],
  offer: [
    "Chmura (rSign) oznacza, że nie potrzebujesz już karty ani czytnika: podpisujesz z telefonem w ręku.",
    "Jeśli okres ważności lub produkt się nie zgadza, nie przechodź dalej i skontaktuj się z nami.",
  ],
  validity: [
    "„Od razu”: przez pewien czas działają oba certyfikaty. To dobry wybór, jeśli nie masz powodu, by czekać.",
    "„Gdy skończy się obecny”: nie tracisz ani dnia ważności, ale do tego czasu podpisujesz kartą.",
  ],
  certificate: [
    "Włóż kartę chipem do czytnika i poczekaj kilka sekund. Nie trzeba odświeżać strony.",
    "Na karcie są zwykle dwa certyfikaty. Odnawia się ten do podpisu, a nie ten do logowania.",
    "Karty nie widać? Wyjmij ją, włóż ponownie, a jeśli to nie pomoże – podłącz czytnik do innego gniazda.",
  ],
  application: [
    "Wniosek to dokument PDF z Twoimi danymi. Otworzy się w nowej karcie przeglądarki, a tutaj nic nie przepadnie.",
    "Dane są takie jak w obecnym certyfikacie. Jeśli się zmieniły, na przykład nazwisko, nie podpisuj i skontaktuj się z nami.",
  ],
  sign: [
    "PIN to ten, którym zwykle podpisujesz dokumenty tą kartą. Po kilku błędnych próbach karta się zablokuje.",
    "Okno mogło otworzyć się pod przeglądarką. Poszukaj go na pasku zadań pod nazwą Odnowa.",
    "Nazwa strony i numer wniosku w oknie muszą być takie jak tutaj. Jeśli są inne, anuluj.",
  ],
  signed: [
    "Zapisany plik PDF ma w sobie Twój podpis. Jego wydruk nie zastępuje pliku.",
    "Jeśli przerwiesz teraz, kod QR dla telefonu znajdziesz także w tym pliku.",
  ],
  phone: [
    "Wystarczy aparat i przeglądarka w telefonie. Telefon musi mieć blokadę ekranu.",
    "PIN ustalasz na telefonie i tylko Ty go znasz. Zapisz kod odzyskiwania w bezpiecznym miejscu.",
    "Kod QR zeskanuj swoim telefonem. Nie wysyłaj go nikomu.",
  ],
  contact: [
    "Podaj adres i numer, z których korzystasz na co dzień. Nie trafią do certyfikatu.",
    "Na ten adres przyjdzie przypomnienie przed końcem ważności.",
  ],
  review: [
    "Po podpisie tych danych nie można już zmienić.",
    "Sześć cyfr na telefonie, tutaj i w oknie programu Odnowa musi być takich samych. Jeśli są inne, ktoś mógł użyć innego telefonu: nie podpisuj.",
  ],
  issuing: ["Możesz zamknąć tę stronę. Certyfikat zostanie wydany bez Ciebie, a aplikacja rSign na telefonie to pokaże."],
  issued: [
    "Nowym certyfikatem podpisujesz na każdym komputerze, na którym aktywujesz rSign. Karta i czytnik nie są do tego potrzebne.",
    "Plik certyfikatu nie jest tajny. Możesz go wysłać, gdy ktoś o niego poprosi.",
  ],
  activate: [
    "Aktywacja pozwala temu komputerowi prosić o podpis. Bez telefonu i PIN-u nic się nie podpisze.",
    "Komputer możesz usunąć w telefonie w każdej chwili, na przykład gdy go oddajesz.",
  ],
};
