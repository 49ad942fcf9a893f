package window

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine bounds one line of the Assuan protocol in both directions, without its line feed
// (libassuan, ASSUAN_LINELENGTH less two).
const maxLine = 1000

// Error numbers of libgpg-error that pinentry answers with; the source of the error is in the bits
// above these 16.
const (
	gpgTimeout      = 62
	gpgCanceled     = 99
	gpgNotConfirmed = 114
)

// assuanError is the number of an ERR line.
type assuanError int

func (e assuanError) Error() string { return fmt.Sprintf("pinentry answered with error %d", int(e)) }

// assuan is the client's side of the protocol that pinentry speaks on its standard streams. It
// keeps at most one line in memory, and wipes it: it may hold a PIN.
type assuan struct {
	w    io.Writer
	r    io.Reader
	buf  [maxLine + 2]byte
	have int // bytes of buf that are read and not yet used
}

var percent = strings.NewReplacer("%", "%25", "\n", "%0A", "\r", "%0D")

// command sends one command and gives the data that came before its OK.
func (a *assuan) command(name, arg string) ([]byte, error) {
	if err := a.send(command{name, arg}); err != nil {
		return nil, err
	}
	return a.answer()
}

// command is a line to pinentry.
type command struct{ name, arg string }

// send writes commands at once, or none where one is too long; each is to be answered.
func (a *assuan) send(commands ...command) error {
	var lines strings.Builder
	for _, c := range commands {
		line := c.name
		if c.arg != "" {
			line += " " + percent.Replace(c.arg)
		}
		if len(line) > maxLine {
			return ErrTooLong
		}
		lines.WriteString(line + "\n")
	}
	if _, err := io.WriteString(a.w, lines.String()); err != nil {
		return fmt.Errorf("writing to pinentry: %w", err)
	}
	return nil
}

// answer reads up to OK or ERR.
func (a *assuan) answer() ([]byte, error) {
	var data []byte
	for {
		line, err := a.line()
		if err != nil {
			clear(data)
			return nil, err
		}
		switch {
		case bytes.HasPrefix(line, []byte("D ")):
			// Data in several lines would be longer than any PIN.
			if data != nil {
				clear(data)
				return nil, errors.New("pinentry sent data twice")
			}
			data = unescape(line[2:])
		case bytes.Equal(line, []byte("OK")), bytes.HasPrefix(line, []byte("OK ")):
			return data, nil
		case bytes.HasPrefix(line, []byte("ERR ")):
			clear(data)
			var n int
			if _, err := fmt.Sscanf(string(line[4:]), "%d", &n); err != nil {
				return nil, errors.New("pinentry answered with an error without a number")
			}
			return nil, assuanError(n & 0xffff)
		}
	}
}

// line gives the next line, valid until the next call, which wipes it.
func (a *assuan) line() ([]byte, error) {
	a.drop()
	for {
		if i := bytes.IndexByte(a.buf[:a.have], '\n'); i >= 0 {
			return a.buf[:i], nil
		}
		if a.have == len(a.buf) {
			clear(a.buf[:])
			return nil, errors.New("pinentry sent a line that is too long")
		}
		n, err := a.r.Read(a.buf[a.have:])
		a.have += n
		if n == 0 && err != nil {
			clear(a.buf[:])
			return nil, fmt.Errorf("reading from pinentry: %w", err)
		}
	}
}

// drop forgets the line that was handed out.
func (a *assuan) drop() {
	i := bytes.IndexByte(a.buf[:a.have], '\n')
	if i < 0 {
		return
	}
	rest := copy(a.buf[:], a.buf[i+1:a.have])
	clear(a.buf[rest:a.have])
	a.have = rest
}

// unescape undoes %XX in a copy of its own.
func unescape(in []byte) []byte {
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		if in[i] == '%' && i+2 < len(in) {
			hi, ok1 := hexDigit(in[i+1])
			lo, ok2 := hexDigit(in[i+2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, in[i])
	}
	return out
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
