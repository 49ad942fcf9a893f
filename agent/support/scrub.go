package support

import (
	"encoding/json"
	"os/user"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// Scrubber takes out of texts what tells of a person.
type Scrubber struct {
	home  string
	words []string // in lower case, longest first
}

// NewScrubber knows the user, and whoever else's names it is given: those of the cards' holders.
func NewScrubber(home string, names []string) *Scrubber {
	s := &Scrubber{home: strings.TrimRight(home, `/\`)}
	if u, err := user.Current(); err == nil {
		names = append(names, u.Name, u.Username)
	}
	for _, name := range names {
		for _, word := range append(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), name) {
			if word = strings.ToLower(word); len([]rune(word)) >= 3 && !slices.Contains(s.words, word) {
				s.words = append(s.words, word)
			}
		}
	}
	slices.SortFunc(s.words, func(a, b string) int { return len(b) - len(a) })
	return s
}

// pattern is something to look for, compiled when it is first used: the program plays many roles, and starts
// for most of them without this package.
type pattern func() *regexp.Regexp

func lazy(expression string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// patterns are what looks like personal data, or like what holds some, in their order.
var patterns = []struct {
	what pattern
	by   string
}{
	{lazy(`[\w.+%-]+@[\w-]+(\.[\w-]+)+`), "[e-mail]"},
	{lazy(`(/home|/Users|/root|[A-Za-z]:\\Users)([/\\][^\s"':,;)]*)?`), "[path]"},
	{lazy(`(?i)[^\s"'/\\:=]+\.(pdf|docx?|odt|txt|xml|xades|p7[sm]|asice?|xlsx?|png|jpe?g|der|cer|crt|pem)\b`), "[file]"},
	{lazy(`[A-Za-z0-9+/_-]{48,}={0,2}`), "[data]"},
	{lazy(`(?i)\b([0-9a-f]{2}[: ]){5,}[0-9a-f]{2}\b`), "[number]"},
	{lazy(`(?i)\b(0x)?[0-9a-f]{16,}\b`), "[number]"},
	{lazy(`\+?\d([ -]?\d){7,}`), "[number]"},
}

// Text cleans one text.
func (s *Scrubber) Text(text string) string {
	if s.home != "" && s.home != "/" {
		text = strings.ReplaceAll(text, s.home, "~")
	}
	for _, p := range patterns {
		text = p.what().ReplaceAllString(text, p.by)
	}
	for _, word := range s.words {
		text = dropWord(text, word)
	}
	return text
}

// dropWord replaces a word wherever it stands alone, in capitals or not.
func dropWord(text, word string) string {
	var b strings.Builder
	runes := []rune(text)
	want := []rune(word)
	letter := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i := 0; i < len(runes); {
		if !letter(i-1) && hasPrefixFold(runes[i:], want) && !letter(i+len(want)) {
			b.WriteString("[name]")
			i += len(want)
			continue
		}
		b.WriteRune(runes[i])
		i++
	}
	return b.String()
}

func hasPrefixFold(text, lower []rune) bool {
	if len(text) < len(lower) {
		return false
	}
	for i, r := range lower {
		if unicode.ToLower(text[i]) != r {
			return false
		}
	}
	return true
}

// quoted are texts in quotes: in errors those are what somebody named.
var quoted = lazy(`"[^"]*"|'[^']*'`)

// texts are the keys of the log whose values are words, of which the known ones are kept.
var texts = []string{"msg", "cause", "error", "role", "level"}

// exact are the keys whose values must be as said to be kept.
var exact = map[string]pattern{
	"time":           lazy(`^\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d{4})$`),
	"method":         lazy(`^(agent|certificates|signature|request|rsign)\.[a-z]{1,12}$`),
	"serviceVersion": lazy(`^\d+\.\d+\.\d+(-dev)?$`),
	"extension":      lazy(`^[a-p]{32}$`),
}

// numbers are the keys whose values are numbers of an ordinary size.
var numbers = []string{"pid", "size", "port", "durationMs"}

// Log cleans a log of JSON lines: of each line what is known to be harmless. Other lines are dropped.
func (s *Scrubber) Log(data []byte) []byte {
	var out []byte
	for line := range strings.Lines(string(data)) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) != nil {
			continue
		}
		clean := map[string]any{}
		for k, v := range fields {
			if kept := s.field(k, v); kept != nil {
				clean[k] = kept
			}
		}
		made, err := json.Marshal(clean)
		if err != nil {
			continue
		}
		out = append(append(out, made...), '\n')
	}
	return out
}

// field gives what may be seen of a field, nil for nothing.
func (s *Scrubber) field(key string, v any) any {
	text, isText := v.(string)
	number, isNumber := v.(float64)
	switch {
	case isText && slices.Contains(texts, key):
		return s.Words(text)
	case isText && key == "errorCode" && (text == "" || bridge.Info(bridge.Code(text)).Code == bridge.Code(text)):
		return text
	case isText && exact[key] != nil && exact[key]().MatchString(text):
		return text
	case isNumber && slices.Contains(numbers, key) && number >= 0 && number < 1e8:
		return number
	}
	return nil
}
