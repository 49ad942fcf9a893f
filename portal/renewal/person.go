package renewal

import (
	"bytes"
	"context"
	"fmt"
)

// A renewal is one person's from the moment when somebody has signed an application under its code:
// whoever opens it with the code alone later has to have a card of the same person. Before that a
// wrong card can be put right, and nobody can be shut out by a certificate that somebody else only
// shows: certificates are public, signatures are not.
//
// What is kept of the person is an HMAC with the key of the codes, so that it may outlive withdrawn
// applications, which are forgotten.

// person names a person: by the number of the subject, which stays when a name changes (EN 319 412-1
// 5.1.3), or by the names where there is none.
func (s *Store) person(p Subject) []byte {
	if p.SerialNumber != "" {
		return s.mac("person", p.Country+"\x00"+p.SerialNumber)
	}
	return s.mac("person", p.Country+"\x00\x00"+p.CommonName+"\x00"+p.GivenName+"\x00"+p.Surname)
}

// otherPerson gives ErrOtherPerson where that is why a certificate was not set, else cause.
func (s *Store) otherPerson(ctx context.Context, session string, person []byte, cause error) error {
	q := &statement{}
	q.WriteString("SELECT holder FROM renewals WHERE ")
	s.whose(q, change{session: session})
	q.WriteString(" AND ")
	q.inStates(moves[ActSetCert].from)
	q.WriteString(" AND holder <> ")
	q.WriteString(q.param([]byte{}))
	var holder []byte
	if err := s.query(ctx, q).Scan(&holder); err != nil {
		return cause // in another state, or nobody has signed
	}
	if bytes.Equal(holder, person) {
		return cause
	}
	return fmt.Errorf("setting certificate: %w", ErrOtherPerson)
}
