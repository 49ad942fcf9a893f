package web

import (
	"regexp"
	"strings"

	"github.com/odnowa/odnowa/portal/renewal"
)

var (
	// The part before the "@" of RFC 5321 without quoted strings, which mail systems no longer take,
	// and a domain name with a dot. The backtick, which RFC 5321 would allow, is left out.
	emailForm = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@` +
		`([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`)
	e164         = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	polish       = regexp.MustCompile(`^\+48[1-9][0-9]{8}$`)
	nineDigits   = regexp.MustCompile(`^[1-9][0-9]{8}$`)
	phoneFilling = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "-", "", "\u2011", "", "\u2013", "", "(", "", ")", "", ".", "")
)

const (
	maxEmail     = 254 // RFC 5321 4.5.3.1.3, less the angle brackets
	maxLocalPart = 64
)

// normalise checks contact data and brings them into one form: the domain in lower case, the phone
// number in E.164. Nine digits are a Polish number. Errors: email_invalid, phone_invalid.
func normalise(c Contact) (renewal.Contact, error) {
	email := strings.TrimSpace(c.Email)
	local, domain, _ := strings.Cut(email, "@")
	if !emailForm.MatchString(email) || len(email) > maxEmail || len(local) > maxLocalPart {
		return renewal.Contact{}, refuseField(EmailInvalid, "email")
	}
	phone := phoneFilling.Replace(strings.TrimSpace(c.Phone))
	switch {
	case strings.HasPrefix(phone, "00"):
		phone = "+" + phone[2:]
	case nineDigits.MatchString(phone):
		phone = "+48" + phone
	}
	if !e164.MatchString(phone) || strings.HasPrefix(phone, "+48") && !polish.MatchString(phone) {
		return renewal.Contact{}, refuseField(PhoneInvalid, "phone")
	}
	return renewal.Contact{Email: local + "@" + strings.ToLower(domain), Phone: phone}, nil
}
