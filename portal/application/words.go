package application

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/odnowa/odnowa/portal/pdf"
)

func (d *Data) blocks() []pdf.Block {
	return []pdf.Block{
		pdf.Heading{Level: 1, Text: both("Wniosek o odnowienie certyfikatu kwalifikowanego",
			"Application for renewal of a qualified certificate")},
		pdf.Table{Rows: []pdf.Row{
			row("Numer wniosku", "Application number", d.Number),
			row("Sporządzono", "Drawn up", instant(d.Created)),
		}},
		pdf.Paragraph{Text: d.request()},

		section("1. Wnioskodawca", "Applicant"),
		pdf.Table{Rows: d.applicant()},

		section("2. Certyfikat, którym podpisywany jest wniosek", "Certificate that signs the application"),
		pdf.Table{Rows: []pdf.Row{
			row("Wystawca", "Issuer", d.Current.Issuer),
			row("Numer seryjny certyfikatu", "Certificate serial number", strings.ToUpper(d.Current.SerialNumber)),
			row("Ważny od", "Valid from", instant(d.Current.NotBefore)),
			row("Ważny do", "Valid to", instant(d.Current.NotAfter)),
		}},

		section("3. Nowy certyfikat", "New certificate"),
		pdf.Table{Rows: d.requested()},

		section("4. Oświadczenia wnioskodawcy", "Declarations of the applicant"),
		pdf.List{Items: declarations},

		section("5. Telefon", "Phone"),
		pdf.QR{
			Content: d.EnrolmentURL,
			Alt:     "Kod QR z adresem, pod którym telefon łączy się z tym wnioskiem w aplikacji rSign",
			Caption: phone,
		},

		section("6. Podpis", "Signature"),
		pdf.Signature{Label: "Kwalifikowany podpis elektroniczny wnioskodawcy", Note: signatureNote},
	}
}

// request is the sentence that the whole document is for.
func (d *Data) request() pdf.Pair {
	pl, en := "Wnoszę", "I apply"
	if c := d.Contract; c != nil {
		with, aboutPL, aboutEN := strings.TrimSpace(c.With), "", ""
		if about := strings.TrimSpace(c.About); about != "" {
			aboutPL, aboutEN = " (przedmiot umowy: "+about+")", " (subject of the contract: "+about+")"
		}
		pl = fmt.Sprintf("W związku z umową zawartą pomiędzy %s i %s%s wnoszę", d.CA.Name, with, aboutPL)
		en = fmt.Sprintf("In connection with the contract concluded between %s and %s%s, I apply", d.CA.Name, with, aboutEN)
	}
	return both(
		pl+" o wydanie nowego kwalifikowanego certyfikatu podpisu elektronicznego zawierającego dane z certyfikatu, "+
			"którym podpisuję ten wniosek, na warunkach podanych niżej.",
		en+" for a new qualified certificate for electronic signatures that contains the data of the certificate "+
			"with which I sign this application, on the terms given below.")
}

func (d *Data) applicant() []pdf.Row {
	var rows []pdf.Row
	for _, r := range []pdf.Row{
		row("Imię (imiona)", "Given name(s)", d.Subject.GivenName),
		row("Nazwisko", "Surname", d.Subject.Surname),
		row("Nazwa powszechna", "Common name", d.Subject.CommonName),
		row("Identyfikator", "Identifier", d.Subject.SerialNumber),
		row("Kraj", "Country", d.Subject.Country),
	} {
		if strings.TrimSpace(r.Value.First) != "" {
			rows = append(rows, r)
		}
	}
	return rows
}

func (d *Data) requested() []pdf.Row {
	start := both("od razu, przed końcem ważności certyfikatu z punktu 2", "at once, before the certificate in section 2 ends")
	if d.New.Start == StartAfterCurrent {
		start = both("po upływie ważności certyfikatu z punktu 2", "after the certificate in section 2 ends")
	}
	return []pdf.Row{
		{Label: both("Rodzaj", "Kind"),
			Value: both("kwalifikowany certyfikat podpisu elektronicznego", "qualified certificate for electronic signatures")},
		{Label: both("Dane posiadacza", "Data of the holder"), Value: both("jak w punkcie 1", "as in section 1")},
		{Label: both("Okres ważności", "Validity period"),
			Value: both(months(d.New.Months), englishMonths(d.New.Months))},
		{Label: both("Początek ważności", "Start of validity"), Value: start},
		row("Ważny od", "Valid from", instant(d.New.NotBefore)),
		row("Ważny do", "Valid to", instant(d.New.NotAfter)),
		{Label: both("Klucz podpisu", "Signing key"),
			Value: both("w chmurze (rSign): w urządzeniu wystawcy, użycie wyłącznie za zgodą posiadacza udzieloną z jego telefonu",
				"in the cloud (rSign): in the issuer's device, used only with the holder's consent given from their phone")},
		{Label: both("Polityka certyfikacji", "Certificate policy"),
			Value: both(d.Policy.OID+", wersja "+d.Policy.Version, d.Policy.OID+", version "+d.Policy.Version)},
		{Label: both("Oświadczenie o zasadach PKI (PDS)", "PKI disclosure statement (PDS)"),
			Value: both("wersja "+d.Disclosure.Version, "version "+d.Disclosure.Version)},
		row("Adres oświadczenia PDS", "Address of the PDS", d.Disclosure.URL),
	}
}

var declarations = []pdf.Pair{
	both("Oświadczam, że dane zawarte w certyfikacie z punktu 2 są prawdziwe i aktualne oraz że od jego wydania nie uległy zmianie.",
		"I declare that the data in the certificate in section 2 are true and current, and that they have not changed since it was issued."),
	both("Oświadczam, że znam i akceptuję politykę certyfikacji oraz oświadczenie o zasadach PKI (PDS) w wersjach podanych w punkcie 3.",
		"I declare that I know and accept the certificate policy and the PKI disclosure statement (PDS) in the versions given in section 3."),
}

var phone = []pdf.Pair{
	both("Gdy podpiszesz wniosek, zeskanuj ten kod telefonem w aplikacji rSign i zrób to, o co poprosi telefon.",
		"When you have signed the application, scan this code with your phone in the rSign app and do what the phone asks for."),
	both("Sam kod nie daje certyfikatu: zeskanowany telefon potwierdzisz jeszcze raz kartą.",
		"The code alone gives no certificate: you will confirm the phone with your card."),
	both("Nie pokazuj kodu nikomu. Przestaje działać, gdy certyfikat zostanie wydany albo wniosek wycofany.",
		"Show the code to nobody. It stops working when the certificate is issued or the application is withdrawn."),
}

var signatureNote = both(
	"Ten wniosek jest dokumentem elektronicznym. Podpisuje się go kwalifikowanym podpisem elektronicznym z użyciem certyfikatu z punktu 2. "+
		"Podpis i znacznik czasu są zapisywane w tym pliku i obejmują całą jego treść. Wydruk nie zawiera podpisu.",
	"This application is an electronic document. It is signed with a qualified electronic signature by means of the certificate in section 2. "+
		"Signature and time-stamp are stored in this file and cover all of it. A printout carries no signature.")

func section(pl, en string) pdf.Heading { return pdf.Heading{Level: 2, Text: both(pl, en)} }

// row has a value that is the same in both languages.
func row(pl, en, value string) pdf.Row {
	return pdf.Row{Label: both(pl, en), Value: pdf.Pair{First: value}}
}

// both joins a text and its translation. A one-letter word stays on the line of the word after it,
// as Polish wants it, and the number of a section on the line of the word before it.
func both(pl, en string) pdf.Pair { return pdf.Pair{First: bind(pl), Second: bind(en)} }

func bind(s string) string {
	s = loneLetter.ReplaceAllString(s, "$1$2\u00a0")
	return sectionNumber.ReplaceAllString(s, "$1\u00a0$2")
}

var (
	loneLetter    = regexp.MustCompile(`(^|[ (])([aiouwzAIOUWZ]) `)
	sectionNumber = regexp.MustCompile(`(punktu|punkcie|section) ([0-9])`)
)

// instant is a time both languages read alike.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// months counts in Polish: 1 miesiąc, 24 miesiące, 12 miesięcy.
func months(n int) string {
	switch {
	case n == 1:
		return "1 miesiąc"
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return fmt.Sprintf("%d miesiące", n)
	}
	return fmt.Sprintf("%d miesięcy", n)
}

func englishMonths(n int) string {
	if n == 1 {
		return "1 month"
	}
	return fmt.Sprintf("%d months", n)
}
