package sam

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/sam/dpop"
	"github.com/odnowa/odnowa/portal/sam/statement"
	"github.com/odnowa/odnowa/protocol/jws"
)

// ComputerState is the state of a computer's registration. See signing.md.
type ComputerState string

// The states. Open: nobody has typed its code. Found: a phone shows it. Active: that phone has taken
// it, with the PIN. Refused: it has not, or no longer.
const (
	ComputerOpen    ComputerState = "open"
	ComputerFound   ComputerState = "found"
	ComputerActive  ComputerState = "active"
	ComputerRefused ComputerState = "refused"
	ComputerExpired ComputerState = "expired"
)

const (
	registrationSeconds = 5 * 60
	offerSeconds        = 15 * 60
	// maxOpen bounds open registrations: of 1000 codes one in a thousand guesses finds any.
	maxOpen       = 1000
	maxOpenClient = 3
	// maxOffers is how many live offers an enrolment has at most; the newest stay.
	maxOffers = 4
	maxName   = 64
	// maxDraws bounds how often the nonce is drawn again for a code that no other has.
	maxDraws = 50
)

// newComputer is what a computer wants to be registered as.
type newComputer struct {
	key    []byte // SubjectPublicKeyInfo
	name   string
	offer  string       // of the portal, or empty
	client netip.Prefix // network that the portal was called from
}

// Registration is the answer to it. The computer computes the code by itself.
type Registration struct {
	ID        string    `json:"id"`
	Nonce     []byte    `json:"nonce"`  // 32 bytes, drawn after the key was fixed
	SAMKey    []byte    `json:"samKey"` // SubjectPublicKeyInfo of the statement key
	ExpiresAt time.Time `json:"expiresAt"`
}

// ComputerCode gives the six digits that the computer shows and the person types on the phone. They
// follow from both sides' keys and the SAM's nonce; the computer and the phone repeat the
// computation (protocol/vectors/rsign).
func ComputerCode(key, samKey, nonce []byte) string {
	h := sha256.New()
	h.Write([]byte("odnowa-computer-v1"))
	for _, part := range [][]byte{key, samKey, nonce} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(h.Sum(nil))%1_000_000)
}

// offer gives the portal what a computer of this person finds the phone with.
func (r *registry) offer(ctx context.Context, enrolment string) (string, error) {
	offer, now := random(), r.now().Unix()
	err := r.change(ctx, func(tx *sql.Tx) (event, error) {
		var made string
		err := tx.QueryRowContext(ctx, `INSERT INTO offers (hash, enrolment, expires_at)
			SELECT $1, id, $3 FROM enrolments WHERE id = $2 AND state = 'active' RETURNING enrolment`,
			hashOf(offer), enrolment, now+offerSeconds).Scan(&made)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, r.why(ctx, tx, enrolment)
		} else if err != nil {
			return event{}, fmt.Errorf("storing offer: %w", err)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM offers WHERE expires_at <= $1 OR enrolment = $2 AND hash NOT IN
			(SELECT hash FROM offers WHERE enrolment = $2 ORDER BY expires_at DESC, rowid DESC LIMIT $3)`, now, enrolment, maxOffers)
		return event{name: "computer.offered", enrolment: enrolment}, err
	})
	return offer, err
}

// register opens a registration. An earlier one of the same key, or for the same offered phone, ends.
func (r *registry) register(ctx context.Context, in newComputer) (*Registration, error) {
	in.name = printable(in.name)
	if _, err := statement.ParseP256(in.key); err != nil || in.name == "" || utf8.RuneCountInString(in.name) > maxName {
		return nil, decline(errRequest, "key or name")
	}
	samKey, err := x509.MarshalPKIXPublicKey(r.statementKey.Public())
	if err != nil {
		return nil, fmt.Errorf("encoding statement key: %w", err)
	}
	now := r.now()
	out := &Registration{ID: random(), SAMKey: samKey, ExpiresAt: now.Add(registrationSeconds * time.Second).UTC().Truncate(time.Second)}
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		offered, err := r.takeOffer(ctx, tx, in.offer)
		if err != nil {
			return event{}, err
		}
		others, err := endRegistrations(ctx, tx, now.Unix(), in.key, offered)
		if err != nil {
			return event{}, err
		}
		if out.Nonce, err = insertComputer(ctx, tx, in, out, offered, now.Unix()); err != nil {
			return event{}, err
		}
		return event{name: "computer.opened", computer: out.ID, others: others, fields: []audit.Field{
			audit.Hash("key", in.key), audit.ID("offered", offered.String),
		}}, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// takeOffer uses an offer up and gives the enrolment that it is for; none where there is no offer.
func (r *registry) takeOffer(ctx context.Context, tx *sql.Tx, offer string) (enrolment sql.NullString, err error) {
	if offer == "" {
		return enrolment, nil
	}
	err = tx.QueryRowContext(ctx, `DELETE FROM offers WHERE hash = $1 AND expires_at > $2 RETURNING enrolment`,
		hashOf(offer), r.now().Unix()).Scan(&enrolment)
	if errors.Is(err, sql.ErrNoRows) {
		return enrolment, decline(errOffer, "")
	} else if err != nil {
		return enrolment, fmt.Errorf("using offer: %w", err)
	}
	return enrolment, nil
}

// endRegistrations ends those whose time is over and those that a new one replaces.
func endRegistrations(ctx context.Context, tx *sql.Tx, now int64, key []byte, offered sql.NullString) (ended []string, err error) {
	rows, err := tx.QueryContext(ctx, `UPDATE computers SET state = 'expired', client = NULL
		WHERE state IN ('open', 'found') AND (expires_at <= $1 OR key = $2 OR offered = $3) RETURNING id`, now, key, offered)
	if err != nil {
		return nil, fmt.Errorf("ending registrations: %w", err)
	}
	return ids(rows)
}

func ids(rows *sql.Rows) (out []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading ids: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// insertComputer draws nonces until one leads to a code that no other open registration has.
func insertComputer(ctx context.Context, tx *sql.Tx, in newComputer, out *Registration, offered sql.NullString, now int64) (nonce []byte, err error) {
	sum := sha256.Sum256(in.key)
	for range maxDraws {
		nonce = make([]byte, statement.NonceSize)
		rand.Read(nonce)
		var made string
		err := tx.QueryRowContext(ctx, `INSERT INTO computers
			(id, key, thumbprint, name, nonce, code, state, offered, client, opened_at, expires_at)
			SELECT $1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10
			WHERE (SELECT count(*) FROM computers WHERE state IN ('open', 'found') AND client = $8) < $11
			AND (SELECT count(*) FROM computers WHERE state IN ('open', 'found')) < $12
			ON CONFLICT DO NOTHING RETURNING id`,
			out.ID, in.key, jws.Encode(sum[:]), in.name, nonce, ComputerCode(in.key, out.SAMKey, nonce),
			offered, in.client.String(), now, out.ExpiresAt.Unix(), maxOpenClient, maxOpen).Scan(&made)
		if err == nil {
			return nonce, nil
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("storing computer: %w", err)
		}
		// Either the code was taken or a limit is reached. The transaction holds the database, so that
		// what is read now was so then.
		var taken int
		err = tx.QueryRowContext(ctx, `SELECT count(*) FROM computers WHERE state IN ('open', 'found') AND code = $1`,
			ComputerCode(in.key, out.SAMKey, nonce)).Scan(&taken)
		if err != nil {
			return nil, fmt.Errorf("looking for code: %w", err)
		}
		if taken == 0 {
			break
		}
	}
	return nil, decline(errTooMany, "")
}

// RegistrationState is what a computer may know of its registration.
type RegistrationState struct {
	State      ComputerState `json:"state"`
	Credential string        `json:"credentialID,omitempty"` // when active
}

// registration is the computer's long poll: it answers when the state is none to wait in. key is
// that of the caller's proof; another one's registration is not found.
func (r *registry) registration(ctx context.Context, id string, key []byte, wait time.Duration) (*RegistrationState, error) {
	var s RegistrationState
	var first ComputerState
	err := r.watch.until(ctx, computerTopic(id), wait, func() (bool, error) {
		var credential sql.NullString
		err := r.db.QueryRowContext(ctx, `SELECT CASE WHEN c.state IN ('open', 'found') AND c.expires_at <= $3 THEN 'expired'
			WHEN c.state = 'removed' THEN 'refused' ELSE c.state END, CASE c.state WHEN 'active' THEN e.credential END
			FROM computers c LEFT JOIN enrolments e ON e.id = c.enrolment WHERE c.id = $1 AND c.key = $2`,
			id, key, r.now().Unix()).Scan(&s.State, &credential)
		if errors.Is(err, sql.ErrNoRows) {
			return true, decline(errNotFound, "")
		} else if err != nil {
			return true, fmt.Errorf("reading registration: %w", err)
		}
		s.Credential = credential.String
		if first == "" {
			first = s.State
		}
		return s.State != first || s.State != ComputerOpen && s.State != ComputerFound, nil
	})
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// cancel ends a registration whose key made the proof; one that the phone has confirmed meanwhile, too: who
// cancelled has no use for it. What has ended already stays as it ended.
func (r *registry) cancel(ctx context.Context, id string, p *dpop.Proof) error {
	return r.change(ctx, func(tx *sql.Tx) (event, error) {
		if err := r.spendProof(ctx, tx, p); err != nil {
			return event{}, err
		}
		var before ComputerState
		var enrolment sql.NullString
		err := tx.QueryRowContext(ctx, `SELECT state, enrolment FROM computers WHERE id = $1 AND key = $2`, id, p.Key).Scan(&before, &enrolment)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, decline(errNotFound, "")
		} else if err != nil {
			return event{}, fmt.Errorf("reading registration: %w", err)
		}
		_, err = tx.ExecContext(ctx, `UPDATE computers SET state = CASE state WHEN 'active' THEN 'removed' ELSE 'expired' END, client = NULL
			WHERE id = $1 AND state IN ('open', 'found', 'active')`, id)
		if err != nil {
			return event{}, fmt.Errorf("cancelling registration: %w", err)
		}
		if err := removeComputer(ctx, tx, id); err != nil {
			return event{}, err
		}
		return event{name: "computer.cancelled", enrolment: enrolment.String, computer: id, fields: []audit.Field{
			audit.ID("before", string(before)),
		}}, tellPhone(ctx, tx, enrolment.String)
	})
}

// ended lists the found registrations of a phone that are over before their time.
func (r *registry) ended(ctx context.Context, enrolment string) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT id FROM computers WHERE enrolment = $1 AND state = 'expired' AND expires_at > $2
		ORDER BY rowid DESC LIMIT 5`, enrolment, r.now().Unix())
	if err != nil {
		return nil, fmt.Errorf("listing what is over: %w", err)
	}
	return ids(rows)
}

// computerTopic is what is watched for a computer's registration; enrolments are watched by their id.
func computerTopic(id string) string { return "computer/" + id }

// printable drops what could make a text look like another one on the phone: controls, line breaks,
// marks of direction, and spaces at the ends. Text that is not UTF-8 gives nothing.
func printable(s string) string {
	if !utf8.ValidString(s) {
		return ""
	}
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return ' '
		}
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, s))
}
