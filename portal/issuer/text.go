package issuer

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/odnowa/odnowa/portal/application"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

// confirmationText is what the holder's card signs last: every parameter of the certificate to be,
// in Polish and English. The same values give the same bytes.
func confirmationText(app *record, c *statement.Claims, contact contract.Contact) ([]byte, error) {
	subject, current := application.CertificateOf(app.holder)
	var t text
	t.line("POTWIERDZENIE PARAMETRÓW CERTYFIKATU KWALIFIKOWANEGO")
	t.line("CONFIRMATION OF THE PARAMETERS OF A QUALIFIED CERTIFICATE")
	t.line("")
	t.line("Potwierdzam poniższe dane i wnoszę o wydanie certyfikatu dla wskazanego klucza.")
	t.line("I confirm the data below and ask for a certificate to be issued for the key named here.")

	t.section("Wniosek", "Application")
	t.value("Numer wniosku", "Application number", app.number)
	t.value("Skrót SHA-256 podpisanej treści wniosku", "SHA-256 of the application's signed content", hexadecimal(app.digest))

	t.section("Dotychczasowy certyfikat (na karcie)", "Current certificate (on the card)")
	t.value("Numer seryjny", "Serial number", current.SerialNumber)
	t.value("Ważny od", "Valid from", instant(current.NotBefore))
	t.value("Ważny do", "Valid to", instant(current.NotAfter))

	t.section("Nowy certyfikat (w chmurze, rSign)", "New certificate (in the cloud, rSign)")
	t.value("Okres ważności w miesiącach", "Validity in months", fmt.Sprint(app.months))
	t.value("Ważny od", "Valid from", instant(app.notBefore))
	t.value("Ważny do", "Valid to", instant(app.notAfter))
	t.value("Skrót SHA-256 nowego klucza publicznego", "SHA-256 of the new public key", fingerprint(c.Key))

	t.section("Posiadacz", "Holder")
	t.value("Imię (imiona)", "Given name(s)", subject.GivenName)
	t.value("Nazwisko", "Surname", subject.Surname)
	t.value("Nazwa powszechna", "Common name", subject.CommonName)
	t.value("Numer seryjny (identyfikator)", "Serial number (identifier)", subject.SerialNumber)
	t.value("Kraj", "Country", subject.Country)

	t.section("Dane kontaktowe", "Contact data")
	t.value("E-mail", "E-mail", contact.Email)
	t.value("Telefon", "Phone", contact.Phone)

	t.section("Telefon z aplikacją rSign", "Phone with the rSign app")
	t.value("Kod, który pokazuje telefon", "Code that the phone shows", c.Code[:3]+" "+c.Code[3:])
	t.value("Skrót SHA-256 klucza urządzenia", "SHA-256 of the device key", fingerprint(c.DeviceKey))
	t.value("Skrót SHA-256 klucza PIN", "SHA-256 of the PIN key", fingerprint(c.PINKey))
	t.value("Skrót SHA-256 klucza kopii zapasowej", "SHA-256 of the backup key", fingerprint(c.BackupKey))
	if t.bad {
		return nil, refuse(contract.TextNotDrawable)
	}
	return []byte(t.String()), nil
}

// text puts lines together and notes characters that could make a reader see another text.
type text struct {
	strings.Builder
	bad bool
}

func (t *text) line(s string) {
	for _, r := range s {
		t.bad = t.bad || r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
	}
	t.WriteString(s)
	t.WriteByte('\n')
}

func (t *text) section(pl, en string) {
	title := pl + " / " + en
	t.line("")
	t.line(title)
	t.line(strings.Repeat("-", utf8.RuneCountInString(title)))
}

// value writes label and value on two lines, so that no value can pass for a label.
func (t *text) value(pl, en, value string) {
	if pl != en {
		pl += " / " + en
	}
	t.line(pl + ":")
	t.line("    " + value)
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hexadecimal(sum[:])
}

// hexadecimal groups bytes by four, for eyes.
func hexadecimal(b []byte) string {
	var groups []string
	for ; len(b) > 4; b = b[4:] {
		groups = append(groups, fmt.Sprintf("%x", b[:4]))
	}
	return strings.Join(append(groups, fmt.Sprintf("%x", b)), " ")
}
