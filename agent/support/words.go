package support

import (
	_ "embed"
	"strings"
	"sync"
	"syscall"
)

//go:generate go run ./vocabulary

//go:embed words.gen.txt
var own string

// others are words of the libraries' errors, and those that stand for what was taken out.
const others = `eof dial unix connect read write close accept open stat timeout deadline exceeded context canceled i o fork exec exit status signal
killed no such process json cannot unmarshal into field value type invalid character unexpected end of input after top level key the a an
tls http https get post lookup server misbehaving closed network connection broken pipe use
redacted e mail path file data number name`

// vocabulary are the words that may be in a pack's log: those of our own texts, of the system's errors and of
// the libraries'. So no name, whatever it is, comes out of an error's text.
var vocabulary = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	add := func(text string) {
		for _, w := range anyWord().FindAllString(strings.ToLower(text), -1) {
			known[w] = true
		}
	}
	add(own)
	add(others)
	for n := syscall.Errno(1); n < 140; n++ {
		add(n.Error())
	}
	return known
})

var anyWord = lazy(`[\p{L}\p{M}\p{N}_]+`)

// Words cleans a text, and keeps of it what is in the vocabulary.
func (s *Scrubber) Words(text string) string {
	known := vocabulary()
	return anyWord().ReplaceAllStringFunc(s.Text(quoted().ReplaceAllString(text, "[redacted]")), func(w string) string {
		if known[strings.ToLower(w)] {
			return w
		}
		return "…"
	})
}
