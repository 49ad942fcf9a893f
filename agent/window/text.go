package window

import "github.com/odnowa/odnowa/protocol/seal"

// text has all words of the window in one language. An underscore marks the key that presses a
// button together with Alt.
type text struct {
	title string

	command                             string               // stands for the origin where there is none
	application, confirmation, document string               // who asks for what; the origin stands above
	what                                map[seal.Kind]string // the same for the PIN, in few words
	certificate, reader                 string
	name, size, hash                    string
	fields                              map[seal.Field]string
	cloud                               string

	phone, codesSame, codesDiffer string
	pairing                       string
	next, view, cancel, sign      string
	other                         string
	viewFailed                    string

	askPIN, pinPrompt                  string
	askPad, onPad                      string
	pinIncorrect, triesLeft, pinLength string
	pinForgotten                       string
	pinLow, pinFinal, pinPad, byPhone  string
	lastTry, useLastTry, again         string
}

func words(l Language) *text {
	if l == English {
		return &english
	}
	return &polish
}

var polish = text{
	title:        "Odnowa",
	command:      "Polecenie odnowa-agent na tym komputerze",
	application:  "prosi o podpis pod wnioskiem o nowy certyfikat.",
	confirmation: "prosi o podpis pod potwierdzeniem danych nowego certyfikatu.",
	document:     "prosi o podpis pod dokumentem.",
	what:         map[seal.Kind]string{seal.Application: "wniosek", seal.Confirmation: "potwierdzenie", "": "dokument"},
	certificate:  "Podpisuje",
	reader:       "Czytnik",
	name:         "Nazwa",
	size:         "Rozmiar",
	hash:         "SHA-256",
	fields: map[seal.Field]string{
		seal.FieldNumber:    "Numer wniosku",
		seal.FieldSubject:   "Certyfikat dla",
		seal.FieldMonths:    "Ważny (miesięcy)",
		seal.FieldStart:     "Ważny od",
		seal.FieldTarget:    "Nowy klucz",
		seal.FieldEmail:     "E-mail",
		seal.FieldPhone:     "Telefon",
		seal.FieldPhoneCode: "Kod z telefonu",
		seal.FieldKey:       "Odcisk klucza",
	},
	cloud:        "w chmurze (rSign)",
	phone:        "Czy Twój telefon pokazuje ten kod?",
	codesSame:    "_Tak, ten sam",
	codesDiffer:  "_Nie, inny",
	pairing:      "chce połączyć się z programem Odnowa. Czy w przeglądarce widać ten sam kod?",
	next:         "_Dalej",
	view:         "Po_każ dokument",
	cancel:       "_Anuluj",
	other:        "_Inne…",
	sign:         "_Podpisz",
	viewFailed:   "Nie udało się otworzyć dokumentu.",
	askPIN:       "Podaj PIN karty, aby podpisać:",
	askPad:       "Podpisujesz:",
	onPad:        "Podaj PIN na klawiaturze czytnika i zatwierdź go tam.",
	pinPrompt:    "PIN:",
	pinIncorrect: "PIN jest nieprawidłowy.",
	triesLeft:    "Pozostało prób: %d.",
	pinLength:    "PIN jest za krótki lub za długi. Ta próba się nie liczy.",
	pinForgotten: "Karta zapomniała PIN-u: zapewne użył jej właśnie inny program. Podaj PIN jeszcze raz. Żadna próba nie przepadła.",
	pinLow:       "Uwaga: ostatnio podano zły PIN. Kolejne błędy zablokują kartę.",
	pinFinal:     "Uwaga: to ostatnia próba. Zły PIN zablokuje kartę.",
	pinPad:       "PIN podasz potem na klawiaturze czytnika.",
	byPhone:      "Podpis zatwierdzisz w telefonie (rSign).\nTelefon musi pokazać ten sam skrót: %s",
	lastTry:      "Została ostatnia próba podania PIN-u.\nZły PIN zablokuje kartę, a odblokować ją można tylko kodem PUK.\n\nCzy na pewno chcesz podać PIN?",
	useLastTry:   "_Wykorzystaj ostatnią próbę",
	again:        "_Spróbuj ponownie",
}

var english = text{
	title:        "Odnowa",
	command:      "The command odnowa-agent on this computer",
	application:  "asks you to sign the application for a new certificate.",
	confirmation: "asks you to sign the confirmation of your new certificate's data.",
	document:     "asks you to sign a document.",
	what:         map[seal.Kind]string{seal.Application: "application", seal.Confirmation: "confirmation", "": "document"},
	certificate:  "Signed by",
	reader:       "Reader",
	name:         "Name",
	size:         "Size",
	hash:         "SHA-256",
	fields: map[seal.Field]string{
		seal.FieldNumber:    "Application number",
		seal.FieldSubject:   "Certificate for",
		seal.FieldMonths:    "Valid for (months)",
		seal.FieldStart:     "Valid from",
		seal.FieldTarget:    "New key",
		seal.FieldEmail:     "E-mail",
		seal.FieldPhone:     "Phone",
		seal.FieldPhoneCode: "Code on the phone",
		seal.FieldKey:       "Key fingerprint",
	},
	cloud:        "in the cloud (rSign)",
	phone:        "Is this what your phone shows?",
	codesSame:    "_Yes, the same",
	codesDiffer:  "_No, another one",
	pairing:      "wants to connect to the program Odnowa. Does the browser show the same code?",
	next:         "_Continue",
	view:         "_View document",
	cancel:       "Cance_l",
	other:        "_Other…",
	sign:         "_Sign",
	viewFailed:   "The document could not be opened.",
	askPIN:       "Type your card's PIN to sign:",
	askPad:       "You are signing:",
	onPad:        "Type the PIN on the reader's keys and confirm it there.",
	pinPrompt:    "PIN:",
	pinIncorrect: "The PIN is wrong.",
	triesLeft:    "Tries left: %d.",
	pinLength:    "The PIN is too short or too long. This try does not count.",
	pinForgotten: "The card forgot the PIN: most likely another program has just used it. Type the PIN once more. No try was lost.",
	pinLow:       "Careful: the last PIN was wrong. More wrong ones will lock the card.",
	pinFinal:     "Careful: this is the last try. A wrong PIN locks the card.",
	pinPad:       "You will then type the PIN on the reader's keys.",
	byPhone:      "You approve the signature on your phone (rSign).\nThe phone must show the same hash: %s",
	lastTry:      "There is one try left for the PIN.\nA wrong PIN locks the card; only the PUK unlocks it.\n\nDo you really want to type the PIN?",
	useLastTry:   "_Use my last try",
	again:        "_Try again",
}
