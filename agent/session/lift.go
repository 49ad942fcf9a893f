package session

import (
	"bytes"
	"slices"

	"github.com/segmentio/asm/base64"

	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	// minLift is the size from which a document is lifted, in bytes of base64.
	minLift = 16 << 10
	// maxLifted bounds the documents that wait for their requests to be served.
	maxLifted = maxRunning + 1
)

// documentPath is where a request has its document's bytes.
var documentPath = []string{"", "params", "document", "bytes"}

// lift takes the document's base64 out of a request and leaves an empty string, so that the request is
// parsed without it: each of the many times that JSON gets read would take 3 ms for a document of 1 MiB. It
// judges nothing: what is left is parsed as strictly as before, and where anything is not as
// expected (no such string, two, escapes in it) the request stays as it is and base64 is nil.
func lift(msg []byte) (rest, text []byte) {
	if len(msg) < minLift {
		return msg, nil
	}
	s := scanner{msg: msg}
	from, to, found := 0, 0, 0
	for s.next() {
		if s.isValue && s.end-s.begin >= minLift && slices.Equal(append(s.path[:len(s.path):len(s.path)], s.key), documentPath) {
			from, to = s.begin, s.end
			found++
		}
	}
	if found != 1 || bytes.IndexByte(msg[from:to], '\\') >= 0 {
		return msg, nil
	}
	rest = make([]byte, 0, len(msg)-(to-from))
	return append(append(rest, msg[:from]...), msg[to:]...), msg[from:to]
}

// scanner goes from string to string in JSON that may be none.
type scanner struct {
	msg []byte
	at  int
	// begin and end are the last string, without its quotes; isValue: it belongs to key, in the object
	// whose keys from the outside are path.
	begin, end int
	isValue    bool
	key        string
	path       []string
	after      byte // the last character of structure
}

// next finds a string; false is the end, or what cannot be JSON.
func (s *scanner) next() bool {
	for ; s.at < len(s.msg); s.at++ {
		switch c := s.msg[s.at]; c {
		case '"':
			return s.quoted()
		case '{', '[':
			s.path = append(s.path, s.key)
			s.key, s.after = "", c
		case '}', ']':
			if len(s.path) == 0 {
				return false
			}
			s.path = s.path[:len(s.path)-1]
			s.after = c
		case ':', ',':
			s.after = c
		}
	}
	return false
}

// quoted reads the string at the quote.
func (s *scanner) quoted() bool {
	s.begin = s.at + 1
	for s.at++; ; s.at++ {
		i := bytes.IndexByte(s.msg[s.at:], '"')
		if i < 0 {
			return false
		}
		s.at += i
		escapes := 0
		for s.at-1-escapes >= s.begin && s.msg[s.at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			break
		}
	}
	s.end = s.at
	s.at++
	s.isValue = s.after == ':'
	if !s.isValue {
		s.key = string(s.msg[s.begin:min(s.end, s.begin+20)])
	}
	return true
}

// lifted is a document's base64, and the frame that it is in.
type lifted struct{ frame, text []byte }

// keepLifted keeps a lifted document for its request; false where there is no place for it.
func (c *conn) keepLifted(id string, l lifted) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, twice := c.lifted[id]; twice || len(c.lifted) >= maxLifted {
		return false
	}
	if c.lifted == nil {
		c.lifted = map[string]lifted{}
	}
	c.lifted[id] = l
	return true
}

// takeLifted gives what is kept for a request, the zero value where nothing is.
func (c *conn) takeLifted(id string) lifted {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lifted[id]
	delete(c.lifted, id)
	return l
}

// putBack gives the params the document that was lifted from their request. The caller gives its buffer back.
func putBack(l lifted, p *bridge.SignParams) error {
	if l.text == nil {
		return nil
	}
	if len(p.Document.Bytes) > 0 {
		return errNotParams
	}
	document := takeBuffer(base64.StdEncoding.DecodedLen(len(l.text)))
	n, err := base64.StdEncoding.Decode(document, l.text) // ten times as fast as the standard library
	// It passes over line breaks, which no JSON string has.
	if err != nil || base64.StdEncoding.EncodedLen(n) != len(l.text) {
		return errNotParams
	}
	p.Document.Bytes = document[:n]
	giveBuffer(l.frame)
	return nil
}
