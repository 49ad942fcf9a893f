package application

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/portal/pdf"
)

// sample is the application of a test person.
func sample() Data {
	at := func(s string) time.Time {
		t, err := time.Parse(time.DateTime, s)
		if err != nil {
			panic(err)
		}
		return t
	}
	return Data{
		Number:   "ON-2026-000123",
		Created:  at("2026-11-23 21:36:05"),
		CA:       Authority{Name: "Centrum Certyfikacji TEST Sp. z o.o.", Address: "ul. Testowa 1, 00-001 Warszawa"},
		Contract: &Contract{With: "Przykładowa Spółka TEST S.A.", About: "dostawa certyfikatów kwalifikowanych, umowa nr 17/2026"},
		Subject: Subject{GivenName: "Żaneta", Surname: "TESTOWA-GĘŚLĄ", CommonName: "Żaneta TESTOWA-GĘŚLĄ",
			SerialNumber: "PNOPL-00000000000", Country: "PL"},
		Current: Certificate{Issuer: "Odnowa TEST Issuing CA", SerialNumber: "4f2a9c0e1b7d3a5566778899aabbccdd",
			NotBefore: at("2024-12-20 09:00:00"), NotAfter: at("2026-12-20 08:59:59")},
		New:          Term{Months: 24, Start: StartAfterCurrent, NotBefore: at("2026-12-20 09:00:00"), NotAfter: at("2028-12-20 08:59:59")},
		Target:       TargetCloud,
		Policy:       Policy{OID: "1.2.616.1.999999.1.1", Version: "1.0"},
		Disclosure:   Disclosure{Version: "1.0", URL: "https://ca.example.test/pds/1.0/pds_pl.pdf"},
		EnrolmentURL: "http://rsign.localhost:8701/#Zm9vYmFyYmF6cXV4Zm9vYg",
		Test:         true,
	}
}

// run starts a program of the named apt package and gives its standard output. Success is required.
func run(t *testing.T, apt, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing: apt-get install %s", name, apt)
	}
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return string(out)
}

// draw gives the application's file and its tagged text: unbroken, in reading order.
func draw(t *testing.T, d Data) (path, text string) {
	t.Helper()
	p, err := Draw(d)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "application.pdf")
	if err := os.WriteFile(path, p.PDF, 0o600); err != nil {
		t.Fatal(err)
	}
	text = run(t, "poppler-utils", "pdfinfo", "-struct-text", path)
	return path, strings.ReplaceAll(text, "\u00a0", " ")
}

func TestDraw(t *testing.T) {
	path, text := draw(t, sample())
	for _, want := range []string{
		`"Wniosek o odnowienie certyfikatu kwalifikowanego"`, `"Application for renewal of a qualified certificate"`,
		`"ON-2026-000123 "`, `"2026-11-23 21:36:05 UTC "`,
		"W związku z umową zawartą pomiędzy Centrum Certyfikacji TEST Sp. z o.o. i Przykładowa Spółka TEST S.A. " +
			"(przedmiot umowy: dostawa certyfikatów kwalifikowanych, umowa nr 17/2026) wnoszę o wydanie",
		"In connection with the contract concluded between",
		`"Żaneta "`, `"TESTOWA-GĘŚLĄ "`, `"Żaneta TESTOWA-GĘŚLĄ "`, `"PNOPL-00000000000 "`, `"PL "`,
		`"Odnowa TEST Issuing CA "`, `"4F2A9C0E1B7D3A5566778899AABBCCDD "`, `"2024-12-20 09:00:00 UTC "`, `"2026-12-20 08:59:59 UTC "`,
		`"24 miesiące "`, `"24 months "`, `"po upływie ważności certyfikatu z punktu 2 "`, `"2026-12-20 09:00:00 UTC "`, `"2028-12-20 08:59:59 UTC "`,
		"w chmurze (rSign)", `"1.2.616.1.999999.1.1, wersja 1.0 "`, `"wersja 1.0 "`, `"https://ca.example.test/pds/1.0/pds_pl.pdf "`,
		"od jego wydania nie uległy zmianie", "they have not changed since it was issued",
		"zeskanuj ten kod telefonem", "Wydruk nie zawiera podpisu.", "TEST – document of a test environment.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in:\n%s", want, text)
		}
	}
	run(t, "qpdf", "qpdf", "--check", path)
	pages := strings.Split(strings.TrimSuffix(run(t, "poppler-utils", "pdftotext", "-layout", path, "-"), "\f"), "\f")
	if len(pages) != 2 {
		t.Errorf("%d pages", len(pages))
	}
	for i, page := range pages {
		if !strings.Contains(page, "TEST – dokument środowiska testowego.") || !strings.Contains(page, "Wniosek / Application ON-2026-000123") {
			t.Errorf("page %d lacks mark or number", i+1)
		}
	}
	run(t, "poppler-utils", "pdftoppm", "-r", "80", "-f", "2", "-png", "-singlefile", path, path)
	if got := strings.TrimSpace(run(t, "zbar-tools", "zbarimg", "-q", "--raw", path+".png")); got != sample().EnrolmentURL {
		t.Errorf("QR code says %q", got)
	}
}

// TestVariants: what is there only sometimes.
func TestVariants(t *testing.T) {
	d := sample()
	d.Contract, d.Test = nil, false
	d.Subject.GivenName, d.Subject.SerialNumber = "", ""
	d.New.Start, d.New.NotBefore = StartNow, d.Created
	_, text := draw(t, d)
	for _, want := range []string{`"Wnoszę o wydanie`, `"I apply for`, `"od razu, przed końcem`, `"TESTOWA-GĘŚLĄ "`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in:\n%s", want, text)
		}
	}
	for _, not := range []string{"W związku z umową", "Given name", "Identyfikator", "środowiska testowego"} {
		if strings.Contains(text, not) {
			t.Errorf("%s is there", not)
		}
	}
	d.Contract = &Contract{With: "Spółka TEST"}
	if _, text = draw(t, d); strings.Contains(text, "przedmiot umowy") || !strings.Contains(text, "i Spółka TEST wnoszę") {
		t.Errorf("contract without a subject: %s", text)
	}
}

func TestLongNames(t *testing.T) {
	long := strings.Repeat("Bardzo-Długie Nazwisko ", 13)
	d := sample()
	d.Subject.GivenName, d.Subject.Surname, d.Subject.CommonName = long, long, long
	d.Contract = &Contract{With: long, About: long}
	d.CA.Name, d.CA.Address = long, long
	path, text := draw(t, d)
	run(t, "qpdf", "qpdf", "--check", path)
	if n := strings.Count(text, strings.TrimSpace(long)); n < 8 {
		t.Errorf("the long name is whole %d times", n)
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Data)
		want   error
	}{
		"no number":                {func(d *Data) { d.Number = " " }, ErrData},
		"no name":                  {func(d *Data) { d.Subject.CommonName = "" }, ErrData},
		"no time":                  {func(d *Data) { d.Created = time.Time{} }, ErrData},
		"no issuer":                {func(d *Data) { d.Current.Issuer = "" }, ErrData},
		"no contract party":        {func(d *Data) { d.Contract = &Contract{About: "a"} }, ErrData},
		"no policy version":        {func(d *Data) { d.Policy.Version = "" }, ErrData},
		"policy is a name":         {func(d *Data) { d.Policy.OID = "QCP-n" }, ErrData},
		"serial number is decimal": {func(d *Data) { d.Current.SerialNumber = "12 34" }, ErrData},
		"months":                   {func(d *Data) { d.New.Months = 0 }, ErrData},
		"start":                    {func(d *Data) { d.New.Start = "later" }, ErrData},
		"target":                   {func(d *Data) { d.Target = "card" }, ErrData},
		"ends before it begins":    {func(d *Data) { d.New.NotAfter = d.New.NotBefore }, ErrData},
		"begins too early":         {func(d *Data) { d.New.NotBefore = d.Current.NotAfter.Add(-time.Second) }, ErrData},
		"enrolment is no address":  {func(d *Data) { d.EnrolmentURL = "javascript:alert(1)" }, ErrData},
		"disclosure with password": {func(d *Data) { d.Disclosure.URL = "https://a:b@ca.example.test/" }, ErrData},
		"too long":                 {func(d *Data) { d.Subject.Surname = strings.Repeat("a", 301) }, ErrData},
		"control character":        {func(d *Data) { d.Subject.Surname = "TESTOWA\n2. Nowy certyfikat" }, pdf.ErrText},
		"bidirectional override":   {func(d *Data) { d.Subject.Surname = "\u202eAWOTSET" }, pdf.ErrText},
		"no glyph":                 {func(d *Data) { d.Subject.Surname = "名前TESTOWA" }, pdf.ErrText},
	} {
		d := sample()
		c.change(&d)
		p, err := Draw(d)
		if !errors.Is(err, c.want) || p != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "TESTOWA") || strings.Contains(err.Error(), "Żaneta")) {
			t.Errorf("%s: the error holds personal data: %v", name, err)
		}
	}
}

func TestCertificateOf(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := sample()
	name := pkix.Name{Country: []string{"PL"}, CommonName: d.Subject.CommonName, SerialNumber: d.Subject.SerialNumber,
		ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 4}, Value: d.Subject.Surname},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: d.Subject.GivenName},
		}}
	serial, _ := new(big.Int).SetString("0a2b", 16)
	template := &x509.Certificate{SerialNumber: serial, Subject: name, NotBefore: d.Current.NotBefore, NotAfter: d.Current.NotAfter}
	parent := &x509.Certificate{Subject: pkix.Name{CommonName: d.Current.Issuer}}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	subject, current := CertificateOf(cert)
	if subject != d.Subject {
		t.Errorf("subject is %+v", subject)
	}
	if want := (Certificate{Issuer: d.Current.Issuer, SerialNumber: "0A2B", NotBefore: d.Current.NotBefore, NotAfter: d.Current.NotAfter}); current != want {
		t.Errorf("certificate is %+v, not %+v", current, want)
	}
}

func TestMonths(t *testing.T) {
	for n, want := range map[int]string{1: "1 miesiąc", 2: "2 miesiące", 5: "5 miesięcy", 12: "12 miesięcy", 13: "13 miesięcy",
		22: "22 miesiące", 24: "24 miesiące", 36: "36 miesięcy", 60: "60 miesięcy"} {
		if got := months(n); got != want {
			t.Errorf("months(%d) = %s, want %s", n, got, want)
		}
	}
}
