package doctor

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// certificates fails where none could sign now: there is none for it, or its PIN is locked.
func certificates(lang window.Language, list bridge.ListResult, err error) Finding {
	var usable, locked int
	var details []Detail
	worst := bridge.CheckOK
	for _, c := range list.Certificates {
		d := certificate(lang, c, time.Now())
		details = append(details, d)
		switch {
		case d.Code == bridge.CodePINLocked:
			locked++
		case d.State != bridge.CheckFailed:
			usable++
			if d.State == bridge.CheckWarning {
				worst = bridge.CheckWarning
			}
		}
	}
	code := codeIf(err != nil || usable == 0, bridge.CodeNoCertificate)
	if err == nil && usable == 0 && locked > 0 {
		code = bridge.CodePINLocked
	}
	f := result(lang, bridge.CheckCertificate, code)
	f.Details = details
	if code != "" || worst == bridge.CheckOK {
		return f
	}
	i := slices.IndexFunc(details, func(d Detail) bool { return d.State == bridge.CheckWarning })
	f.State, f.Cause, f.Cure = worst, details[i].Cause, details[i].Cure
	return f
}

// certificate says what one can be used for.
func certificate(lang window.Language, c bridge.Certificate, now time.Time) Detail {
	cert, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return detail(lang, "?", bridge.CheckFailed, bridge.CodeNoCertificate, "") // the store lists only what it could parse
	}
	state, code, why := bridge.CheckOK, bridge.Code(""), reason("")
	switch {
	case !slices.Contains(c.KeyUsage, "nonRepudiation"):
		state, code, why = bridge.CheckFailed, bridge.CodeNoCertificate, certificateLogin
	case now.After(cert.NotAfter):
		state, code, why = bridge.CheckFailed, bridge.CodeNoCertificate, certificatePast
	case now.Before(cert.NotBefore):
		state, code, why = bridge.CheckFailed, bridge.CodeNoCertificate, certificateFuture
	case c.PIN == bridge.PINLocked:
		state, code = bridge.CheckFailed, bridge.CodePINLocked
	case c.PIN == bridge.PINFinal:
		state, why = bridge.CheckWarning, pinIsFinal
	case c.PIN == bridge.PINLow:
		state, why = bridge.CheckWarning, pinIsLow
	}
	d := detail(lang, cert.Subject.CommonName, state, code, why)
	d.personal = true
	t := terms[lang]
	pin := "PIN: " + t.pin[c.PIN]
	if c.PINPad {
		pin += ", " + t.pad
	}
	d.Facts = []string{
		t.issuer + ": " + cert.Issuer.CommonName,
		fmt.Sprintf("%s: %s – %s", t.valid, cert.NotBefore.Format(time.DateOnly), cert.NotAfter.Format(time.DateOnly)),
		fmt.Sprintf("%s: %s-%d, %s", t.key, c.KeyType, c.KeyBits, strings.Join(c.KeyUsage, ", ")),
		fmt.Sprintf("%s: %s (%s), %s", t.card, c.Token, c.Reader, pin),
	}
	d.public = []string{d.Facts[0], d.Facts[2], pin}
	d.names = append([]string{cert.Subject.CommonName, cert.Subject.SerialNumber, c.Token}, cert.EmailAddresses...)
	for _, name := range cert.Subject.Names {
		if text, ok := name.Value.(string); ok && !public[name.Type.String()] {
			d.names = append(d.names, text)
		}
	}
	return d
}

// public are the attributes of a subject that are not a person's own: country, organisation.
var public = map[string]bool{"2.5.4.6": true, "2.5.4.10": true, "2.5.4.11": true}
