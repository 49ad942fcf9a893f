package sam

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/sam/statement"
)

// Caller is a phone: the enrolment that it scanned and the secret that it got for that.
type Caller struct{ Enrolment, Secret string }

// Welcome is the answer to a scan.
type Welcome struct {
	Enrolment string `json:"enrolment"`
	Phone     string `json:"phone"`  // the secret by which the SAM knows this phone from another
	Number    string `json:"number"` // of the application
}

// PhoneState is what a phone may know of its enrolment.
type PhoneState struct {
	State     State             `json:"state"`
	Version   int64             `json:"version"`
	Number    string            `json:"number"`
	TriesLeft int               `json:"triesLeft"`
	Locked    string            `json:"locked,omitempty"`      // "pin" or "counter"
	Confirmed bool              `json:"confirmed"`             // the card has signed for this phone
	Keys      *CredentialKeys   `json:"credential,omitempty"`  // when Keyed
	Shown     *ShownCertificate `json:"certificate,omitempty"` // when Active
	// Credential is the key's id, when Active; Request what waits for the person.
	Credential string          `json:"credentialID,omitempty"`
	Request    *PendingRequest `json:"request,omitempty"`
	// Ended are computers that this phone has found and that were cancelled since, when Active.
	Ended []string `json:"ended,omitempty"`
}

// CredentialKeys is what the phone computes the code with, beside its own keys.
//
// The SAM tells no phone nonce and code together: with both, a copy of a phone's storage would be
// enough to try PINs offline. The nonce is told until the PIN is proved, the code once, after it.
type CredentialKeys struct {
	ID    string `json:"id"`
	Key   []byte `json:"key"` // SubjectPublicKeyInfo of the key in the HSM
	Nonce []byte `json:"nonce"`
}

// ShownCertificate is what the phone shows of the certificate.
type ShownCertificate struct {
	CommonName string    `json:"commonName"`
	NotBefore  time.Time `json:"notBefore"`
	NotAfter   time.Time `json:"notAfter"`
}

// Challenge is what a proof has to answer. The times are the SAM's: phones' clocks are wrong.
type Challenge struct {
	ID        string `json:"challenge"`
	IssuedAt  int64  `json:"iat"` // seconds since the epoch
	ExpiresAt int64  `json:"exp"`
}

// scan binds a phone to the enrolment of a QR code. It replaces an earlier phone, whose keys are
// destroyed, until the card has named one.
func (r *registry) scan(ctx context.Context, token string) (*Welcome, error) {
	w := &Welcome{Phone: random()}
	err := r.change(ctx, func(tx *sql.Tx) (event, error) {
		hash := hashOf(token)
		var was State
		var number sql.NullString
		var confirmed, scans int
		err := tx.QueryRowContext(ctx, `SELECT id, state, number, confirmed, scans FROM enrolments WHERE token_hash = $1`, hash).
			Scan(&w.Enrolment, &was, &number, &confirmed, &scans)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, refuse(CodeNotFound)
		} else if err != nil {
			return event{}, fmt.Errorf("looking for QR code: %w", err)
		}
		label, err := condemn(ctx, tx, w.Enrolment)
		if err != nil {
			return event{}, err
		}
		err = tx.QueryRowContext(ctx, `UPDATE enrolments SET state = 'scanned', version = version + 1, scans = scans + 1,
			phone_hash = $2, device_key = NULL, pin_key = NULL, backup_key = NULL, credential = NULL, key = NULL,
			request = NULL, nonce = NULL, code = NULL, counter = 0, tries_left = $3, cloned = 0, statement = NULL
			WHERE token_hash = $1 AND state IN ('open', 'scanned', 'keyed', 'ready') AND confirmed = 0
			AND number IS NOT NULL AND scans < $4 RETURNING number`, hash, hashOf(w.Phone), pinTries, maxScans).Scan(&w.Number)
		switch {
		case !errors.Is(err, sql.ErrNoRows):
			return event{name: "phone.scanned", enrolment: w.Enrolment, condemned: label}, err
		case was == Void:
			return event{}, refuse(CodeVoid)
		case was == Active:
			return event{}, refuse(CodeActive)
		case confirmed == 1:
			return event{}, refuse(CodeConfirmed)
		case !number.Valid:
			return event{}, refuse(CodeApplicationMissing)
		}
		return event{}, refuse(CodeTooManyScans)
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// row is an enrolment as its phone's calls need it.
type row struct {
	state                            State
	version                          int64
	number                           string
	phone, device, pin, backup       []byte
	credential, code                 sql.NullString
	key, request, nonce, certificate []byte
	triesLeft, cloned, confirmed     int
}

// load reads the enrolment of a phone, if the phone is still its phone.
func (r *registry) load(ctx context.Context, c Caller) (*row, error) {
	e, err := r.read(ctx, c.Enrolment)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(e.phone, hashOf(c.Secret)) != 1 {
		return nil, refuse(CodeReplaced)
	}
	if e.state == Void {
		return nil, refuse(CodeVoid)
	}
	return e, nil
}

// read reads an enrolment, whoever asks.
func (r *registry) read(ctx context.Context, enrolment string) (*row, error) {
	var e row
	err := r.db.QueryRowContext(ctx, `SELECT state, version + events, COALESCE(number, ''), phone_hash, device_key, pin_key, backup_key,
		credential, key, request, nonce, code, certificate, tries_left, cloned, confirmed FROM enrolments WHERE id = $1`, enrolment).
		Scan(&e.state, &e.version, &e.number, &e.phone, &e.device, &e.pin, &e.backup,
			&e.credential, &e.key, &e.request, &e.nonce, &e.code, &e.certificate, &e.triesLeft, &e.cloned, &e.confirmed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, refuse(CodeNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("reading enrolment: %w", err)
	}
	return &e, nil
}

// state is the phone's long poll.
func (r *registry) state(ctx context.Context, c Caller, version int64, wait time.Duration) (*PhoneState, error) {
	// When a request's time is over nothing wakes, so that the poll ends with it.
	if q, err := r.pending(ctx, c.Enrolment); err != nil {
		return nil, err
	} else if q != nil {
		wait = min(wait, time.Unix(q.ExpiresAt, 0).Sub(r.now()))
	}
	var s *PhoneState
	err := r.watch.until(ctx, c.Enrolment, wait, func() (bool, error) {
		e, err := r.load(ctx, c)
		if err != nil {
			return true, err
		}
		s, err = e.shown()
		return e.version > version, err
	})
	if err == nil && s.State == Active {
		if s.Request, err = r.pending(ctx, c.Enrolment); err == nil {
			s.Ended, err = r.ended(ctx, c.Enrolment)
		}
	}
	return s, err
}

func (e *row) shown() (*PhoneState, error) {
	s := &PhoneState{State: e.state, Version: e.version, Number: e.number, TriesLeft: e.triesLeft, Confirmed: e.confirmed == 1}
	if e.cloned == 1 {
		s.Locked = "counter"
	} else if e.triesLeft == 0 {
		s.Locked = "pin"
	}
	if e.state == Keyed {
		s.Keys = &CredentialKeys{ID: e.credential.String, Key: e.key, Nonce: e.nonce}
	}
	if e.state == Active {
		s.Credential = e.credential.String
	}
	if e.certificate != nil {
		cert, err := x509.ParseCertificate(e.certificate)
		if err != nil {
			return nil, fmt.Errorf("reading certificate: %w", err)
		}
		s.Shown = &ShownCertificate{cert.Subject.CommonName, cert.NotBefore, cert.NotAfter}
	}
	return s, nil
}

// challenge gives the phone a fresh one. Challenges that are over are forgotten: an unknown one is
// refused like a used one.
func (r *registry) challenge(ctx context.Context, c Caller) (*Challenge, error) {
	if _, err := r.load(ctx, c); err != nil {
		return nil, err
	}
	return r.newChallenge(ctx, c.Secret)
}

// newChallenge makes one that only the phone of this secret can use.
func (r *registry) newChallenge(ctx context.Context, secret string) (*Challenge, error) {
	now := r.now().Unix()
	if _, err := r.db.ExecContext(ctx, `DELETE FROM challenges WHERE expires_at <= $1`, now); err != nil {
		return nil, fmt.Errorf("forgetting challenges: %w", err)
	}
	ch := &Challenge{ID: random(), IssuedAt: now, ExpiresAt: now + challengeSeconds}
	var made string
	err := r.db.QueryRowContext(ctx, `INSERT INTO challenges (id, phone_hash, expires_at)
		SELECT $1, $2, $3 WHERE (SELECT count(*) FROM challenges WHERE phone_hash = $2 AND used = 0) < $4 RETURNING id`,
		ch.ID, hashOf(secret), ch.ExpiresAt, maxChallenges).Scan(&made)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, refuse(CodeTooMany)
	} else if err != nil {
		return nil, fmt.Errorf("storing challenge: %w", err)
	}
	return ch, nil
}

// querier is the database or a transaction in it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// spend uses a challenge up. Of parallel calls one succeeds.
func (r *registry) spend(ctx context.Context, in querier, c Caller, challenge string) error {
	var got string
	err := in.QueryRowContext(ctx, `UPDATE challenges SET used = 1
		WHERE id = $1 AND phone_hash = $2 AND used = 0 AND expires_at > $3 RETURNING id`,
		challenge, hashOf(c.Secret), r.now().Unix()).Scan(&got)
	if errors.Is(err, sql.ErrNoRows) {
		return refuse(CodeChallenge)
	} else if err != nil {
		return fmt.Errorf("using challenge: %w", err)
	}
	return nil
}

// keysClaims is what all three keys of a phone sign, so that it is shown to hold each of them.
type keysClaims struct {
	Audience  string `json:"aud"`  // "sam"
	Type      string `json:"type"` // "keys"
	Enrolment string `json:"enrolment"`
	Challenge string `json:"jti"`
	DeviceKey []byte `json:"deviceKey"`
	PINKey    []byte `json:"pinKey"`
	BackupKey []byte `json:"backupKey"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
}

// keys fixes the phone's keys, has the HSM make the credential's and only then draws the nonce, so
// that no side can search for a code. The same keys again give the same answer.
func (r *registry) keys(ctx context.Context, c Caller, p Proof) (*CredentialKeys, error) {
	e, err := r.load(ctx, c)
	if err != nil {
		return nil, err
	}
	k, err := r.checkKeys(c, p)
	if err != nil {
		return nil, err
	}
	if e.state != Scanned {
		if e.state == Keyed && bytes.Equal(e.device, k.DeviceKey) && bytes.Equal(e.pin, k.PINKey) && bytes.Equal(e.backup, k.BackupKey) {
			return &CredentialKeys{ID: e.credential.String, Key: e.key, Nonce: e.nonce}, nil
		}
		return nil, refuse(CodeState)
	}
	// Before the HSM works, so that one challenge costs it one key.
	if err := r.spend(ctx, r.db, c, k.Challenge); err != nil {
		return nil, err
	}
	made, request, err := r.makeCredential(ctx)
	if err != nil {
		return nil, err
	}
	made.Nonce = make([]byte, statement.NonceSize)
	rand.Read(made.Nonce)
	code := statement.Code(k.DeviceKey, k.PINKey, k.BackupKey, made.Key, made.Nonce)
	err = r.change(ctx, func(tx *sql.Tx) (event, error) {
		var got string
		err := tx.QueryRowContext(ctx, `UPDATE enrolments SET state = 'keyed', version = version + 1,
			device_key = $3, pin_key = $4, backup_key = $5, credential = $6, key = $7, request = $8, nonce = $9, code = $10
			WHERE id = $1 AND phone_hash = $2 AND state = 'scanned' RETURNING id`, c.Enrolment, hashOf(c.Secret),
			k.DeviceKey, k.PINKey, k.BackupKey, made.ID, made.Key, request, made.Nonce, code).Scan(&got)
		if errors.Is(err, sql.ErrNoRows) {
			return event{}, refuse(CodeState) // another phone, or another tab, was faster
		} else if err != nil {
			return event{}, fmt.Errorf("storing keys: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM condemned WHERE credential = $1`, made.ID); err != nil {
			return event{}, fmt.Errorf("keeping key: %w", err)
		}
		return event{name: "phone.keyed", enrolment: c.Enrolment, fields: []audit.Field{
			audit.ID("credential", made.ID), audit.Hash("key", made.Key), audit.Hash("deviceKey", k.DeviceKey),
		}}, nil
	})
	if err != nil {
		r.destroy(ctx, made.ID)
		return nil, err
	}
	return made, nil
}

func (r *registry) checkKeys(c Caller, p Proof) (*keysClaims, error) {
	var k keysClaims
	pr, err := parseProof(p, &k, roleDevice, rolePIN, roleBackup)
	if err != nil || k.Audience != "sam" || k.Type != "keys" || k.Enrolment != c.Enrolment {
		return nil, refuse(CodeMalformed)
	}
	device, errDevice := statement.ParseP256(k.DeviceKey)
	pin, errPIN := statement.ParseEd25519(k.PINKey)
	backup, errBackup := statement.ParseP256(k.BackupKey)
	if errors.Join(errDevice, errPIN, errBackup) != nil || device.Equal(backup) {
		return nil, refuse(CodeMalformed)
	}
	if !pr.verifyP256(roleDevice, device) || !pr.verifyEd25519(rolePIN, pin) || !pr.verifyP256(roleBackup, backup) {
		return nil, refuse(CodeSignature)
	}
	return &k, r.inTime(k.IssuedAt, k.ExpiresAt)
}

// inTime holds a proof to the life of a challenge.
func (r *registry) inTime(iat, exp int64) error {
	now := r.now().Unix()
	if exp-iat > challengeSeconds || exp <= now || iat > now {
		return refuse(CodeChallenge)
	}
	return nil
}

// makeCredential has the HSM make a key and a certificate request for it. The key is condemned from
// the start; who keeps it says so.
func (r *registry) makeCredential(ctx context.Context) (*CredentialKeys, []byte, error) {
	label := "credential-" + random()
	if _, err := r.db.ExecContext(ctx, `INSERT INTO condemned (credential) VALUES ($1)`, label); err != nil {
		return nil, nil, fmt.Errorf("announcing key: %w", err)
	}
	key, err := r.hsm.GenerateP256(label)
	if err != nil {
		return nil, nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err == nil {
		// The request carries no subject: the issuer has its own record of the person.
		var request []byte
		if request, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key); err == nil {
			return &CredentialKeys{ID: label, Key: spki}, request, nil
		}
	}
	r.destroy(ctx, label)
	return nil, nil, fmt.Errorf("requesting certificate: %w", err)
}
