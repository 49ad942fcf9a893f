package window

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/odnowa/odnowa/protocol/seal"
)

// questions come before the PIN (phone only in a confirmation), pin and pad are the texts with which the
// PIN is asked for, here or on the reader.
type questions struct {
	phone    *question
	document question
	pin, pad string
}

var sixDigits = regexp.MustCompile(`^[0-9]{6}$`)

// phoneDigits is how many digits of a hash the phone shows.
const phoneDigits = 16

// FieldsError says that a seal's fields cannot be shown for its kind.
type FieldsError struct{ Field seal.Field }

func (e *FieldsError) Error() string { return fmt.Sprintf("field %q cannot be shown", e.Field) }

// Shown lists the names of what Open shows of the request, in its order.
func (r Request) Shown() []string {
	shown := []string{"origin"}
	if r.Origin == "" {
		shown = nil
	}
	for _, s := range r.Show {
		shown = append(shown, string(s.Field))
	}
	if r.Kind == "" {
		shown = append(shown, "name", "size", "digest")
	}
	if r.PhoneHash != "" {
		shown = append(shown, "phoneHash")
	}
	return append(shown, "certificate")
}

// Subject names what gets signed in few words, in the request's language.
func (r Request) Subject() string { return r.subject(words(r.Language)) }

// questions turns the request into texts, and refuses what this package has no words for.
func (r Request) questions() (questions, error) {
	t := words(r.Language)
	var q questions
	code, err := r.phoneCode()
	if err != nil {
		return q, err
	}
	origin := t.command
	if r.Origin != "" {
		origin = line("", clean(r.Origin, maxOrigin))
	}
	if code != "" {
		q.phone = &question{
			title: t.title, text: origin + "\n\n" + t.phone + "\n\n" + groups(code),
			yes: t.codesSame, no: t.codesDiffer, cancel: t.cancel, other: t.other,
		}
	}
	lines, err := r.lines(t)
	if err != nil {
		return q, err
	}
	q.document = question{
		title: t.title, text: origin + "\n" + r.lead(t) + "\n\n" + strings.Join(lines, "\n"),
		yes: t.next, no: t.view, cancel: t.cancel, other: t.other,
	}
	q.pin = origin + "\n\n" + line(t.askPIN, r.subject(t))
	q.pad = origin + "\n\n" + line(t.askPad, r.subject(t)) + "\n\n" + t.onPad
	if r.Reader != "" {
		q.pad += "\n" + line(t.reader+":", clean(r.Reader, maxValue))
	}
	if !Viewable(r.Document.MediaType) {
		q.document.no = ""
	}
	switch {
	case r.PhoneHash != "":
		q.document.text += "\n\n" + fmt.Sprintf(t.byPhone, fours(r.PhoneHash[:min(len(r.PhoneHash), phoneDigits)]))
	case r.PINPad:
		q.document.text += "\n\n" + t.pinPad
		q.document.yes = t.sign
	}
	// The texts that may come on top of each are the longest that this package has.
	if !fits(q.document.text+t.viewFailed) || !fits(q.pin+t.pinFinal) || !fits(q.pad+t.pinFinal+t.pinLength) {
		return questions{}, ErrTooLong
	}
	return q, nil
}

// fits says whether a text can be sent to every kind of window: one line of pinentry's protocol,
// and a margin for what stands around it.
func fits(text string) bool { return len(percent.Replace(text)) <= maxLine-40 }

func (r Request) lead(t *text) string {
	switch r.Kind {
	case seal.Application:
		return t.application
	case seal.Confirmation:
		return t.confirmation
	}
	return t.document
}

// subject names what gets signed in few words, with its number or name.
func (r Request) subject(t *text) string {
	what := t.what[r.Kind]
	if r.Kind == "" {
		return what + " " + clean(r.Document.Name, maxValue)
	}
	for _, s := range r.Show {
		if s.Field == seal.FieldNumber {
			return what + " " + clean(s.Value, maxValue)
		}
	}
	return what
}

// phoneCode gives the code that a confirmation must have and nothing else may.
func (r Request) phoneCode() (string, error) {
	code := ""
	for _, s := range r.Show {
		if s.Field != seal.FieldPhoneCode {
			continue
		}
		if r.Kind != seal.Confirmation || code != "" || !sixDigits.MatchString(s.Value) {
			return "", &FieldsError{s.Field}
		}
		code = s.Value
	}
	if r.Kind == seal.Confirmation && code == "" {
		return "", &FieldsError{seal.FieldPhoneCode}
	}
	return code, nil
}

func (r Request) lines(t *text) ([]string, error) {
	var lines []string
	add := func(label, value string) { lines = append(lines, line(label+":", clean(value, maxValue))) }
	seen := map[seal.Field]bool{}
	for _, s := range r.Show {
		label, known := t.fields[s.Field]
		if !known || seen[s.Field] {
			return nil, &FieldsError{s.Field}
		}
		seen[s.Field] = true
		switch {
		case s.Field == seal.FieldPhoneCode:
			add(label, groups(s.Value))
		case s.Field == seal.FieldKey:
			add(label, fours(s.Value))
		case s.Field == seal.FieldTarget && s.Value == "cloud":
			add(label, t.cloud)
		default:
			add(label, s.Value)
		}
	}
	if r.Kind == "" {
		add(t.name, r.Document.Name)
		add(t.size, strconv.Itoa(len(r.Document.Bytes))+" B")
		add(t.hash, r.Digest)
	}
	add(t.certificate, r.Holder)
	if r.Reader != "" {
		add(t.reader, r.Reader)
	}
	return lines, nil
}
