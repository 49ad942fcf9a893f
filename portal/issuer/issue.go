package issuer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer/contract"
	"github.com/odnowa/odnowa/portal/profile"
	"github.com/odnowa/odnowa/portal/sam/statement"
	"github.com/odnowa/odnowa/protocol/cades"
)

// Issue gives the certificate of an application, and makes it when there is none yet. See ISSUE.md.
func (s *Service) Issue(ctx context.Context, in contract.CertificateRequest) (*contract.Certificate, error) {
	s.issuing.Lock()
	defer s.issuing.Unlock()
	app, err := s.find(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	switch app.state {
	case stateIssued, stateIssuing:
	case stateConfirmed:
		if err := s.decide(ctx, app, in); err != nil {
			return nil, s.refused(err, "certificate.refused", audit.ID("number", app.number))
		}
	case stateVoid:
		return nil, refuse(contract.ApplicationVoid)
	default:
		return nil, refuse(contract.NotConfirmed)
	}
	cert, err := s.finish(ctx, app)
	if err != nil {
		return nil, err
	}
	return &contract.Certificate{Certificate: cert.Raw, Chain: [][]byte{s.authority.Certificate.Raw, s.root.Raw}}, nil
}

// decide verifies everything that a certificate rests on against the issuer's own records, at this
// moment, and stores the decision before the CA's key is asked for anything.
func (s *Service) decide(ctx context.Context, app *record, in contract.CertificateRequest) error {
	if err := s.inTime(app); err != nil {
		return err
	}
	if _, err := s.holder(ctx, app.holder.Raw); err != nil {
		return err
	}
	var document []byte
	var confirmed string
	if err := s.db.QueryRowContext(ctx, `SELECT document, statement FROM confirmations WHERE id = $1`, app.confirmation).
		Scan(&document, &confirmed); err != nil {
		return fmt.Errorf("reading confirmation: %w", err)
	}
	if err := app.verifyCMS(in.ApplicationCMS, cades.PAdES, app.prepared.SignedBytes()); err != nil {
		return err
	}
	if err := app.verifyCMS(in.ConfirmationCMS, cades.CAdES, document); err != nil {
		return err
	}
	if _, err := s.claims(ctx, in.Number, in.Statement); err != nil {
		return err
	}
	// The holder has confirmed the keys of one statement; another good one is another phone.
	if in.Statement != confirmed {
		return refuse(contract.StatementOther)
	}
	return s.begin(ctx, app, in)
}

// inTime refuses an application that is too old to be issued on.
func (s *Service) inTime(app *record) error {
	if s.now().After(app.createdAt.Add(DocumentLife)) {
		return refuse(contract.ConfirmationExpired)
	}
	return nil
}

func (s *Service) begin(ctx context.Context, app *record, in contract.CertificateRequest) error {
	transaction := newTransaction()
	decide := func(ctx context.Context, tx *sql.Tx) error {
		var number string
		err := tx.QueryRowContext(ctx, `UPDATE applications SET state = 'issuing'
			WHERE number = $1 AND state = 'confirmed' AND confirmation = $2 RETURNING number`, app.number, app.confirmation).Scan(&number)
		if errors.Is(err, sql.ErrNoRows) {
			return refuse(contract.SignatureOther) // since it was read, another confirmation has replaced it
		}
		if err != nil {
			return fmt.Errorf("beginning to issue: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO issues (number, transaction_id, confirmation, application_cms, confirmation_cms, started_at)
			VALUES ($1, $2, $3, $4, $5, $6)`, app.number, transaction, app.confirmation, in.ApplicationCMS, in.ConfirmationCMS, s.now().Unix())
		return err
	}
	return s.recorded(ctx, decide, "certificate.issuing", audit.ID("number", app.number), audit.ID("transaction", transaction),
		audit.Hash("applicationCms", in.ApplicationCMS), audit.Hash("confirmationCms", in.ConfirmationCMS), audit.Hash("statement", []byte(in.Statement)))
}

// finish has the decided certificate made and registers it, or finds it.
func (s *Service) finish(ctx context.Context, app *record) (*x509.Certificate, error) {
	var transaction, compact string
	var der []byte
	err := s.db.QueryRowContext(ctx, `SELECT i.transaction_id, f.statement, c.der FROM issues i JOIN confirmations f ON f.id = i.confirmation
		LEFT JOIN certificates c ON c.sha256 = i.certificate WHERE i.number = $1`, app.number).Scan(&transaction, &compact, &der)
	if err != nil {
		return nil, fmt.Errorf("reading decision: %w", err)
	}
	if der != nil {
		return x509.ParseCertificate(der)
	}
	claims, err := statement.Verify(compact, s.statement)
	if err != nil {
		return nil, fmt.Errorf("reading decision: %w", err)
	}
	// Again, for a decision of before a crash: the CA must not sign what could not be registered.
	if err := s.unused(ctx, s.db, claims.Key); err != nil {
		return nil, err
	}
	cert, err := s.make(ctx, app, transaction, claims.Key)
	if err != nil {
		return nil, err
	}
	// Recorded before it can get out: a certificate without a record would be worse than a record twice.
	err = s.audit.Append("certificate.issued", audit.ID("number", app.number), audit.ID("transaction", transaction),
		audit.ID("serial", serialText(cert.SerialNumber)), audit.Hash("certificate", cert.Raw))
	if err != nil {
		return nil, err
	}
	return cert, s.publish(ctx, app.number, cert, claims.Key)
}

// make asks the CA and checks what comes back: another CA's system might answer something else.
func (s *Service) make(ctx context.Context, app *record, transaction string, spki []byte) (*x509.Certificate, error) {
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("reading key: %w", err)
	}
	cert, err := s.issuer.Issue(ctx, transaction, profile.Request{
		PublicKey: key, RawSubject: app.holder.RawSubject, NotBefore: app.notBefore, NotAfter: app.notAfter,
		Identification: profile.QualifiedSignature,
	})
	if errors.Is(err, profile.ErrLint) {
		return nil, refuseFor(contract.LintFailed, err)
	}
	if err != nil {
		return nil, fmt.Errorf("issuing: %w", err)
	}
	if !bytes.Equal(cert.RawSubjectPublicKeyInfo, spki) || !bytes.Equal(cert.RawSubject, app.holder.RawSubject) ||
		!cert.NotBefore.Equal(app.notBefore) || !cert.NotAfter.Equal(app.notAfter) {
		return nil, errors.New("issuing: the CA answered with another certificate")
	}
	if err := errors.Join(cert.CheckSignatureFrom(s.authority.Certificate), s.authority.Lint(cert)); err != nil {
		return nil, fmt.Errorf("issuing: %w", err)
	}
	return cert, nil
}

func (s *Service) publish(ctx context.Context, number string, cert *x509.Certificate, spki []byte) error {
	now := s.now()
	return inTx(ctx, s.db, func(tx *sql.Tx) error {
		if err := s.unused(ctx, tx, spki); err != nil {
			return err
		}
		if err := add(ctx, tx, Record{Certificate: cert, Identification: profile.QualifiedSignature, Device: DeviceCloud}, now); err != nil {
			return err
		}
		sum := sha256.Sum256(cert.Raw)
		if _, err := tx.ExecContext(ctx, `UPDATE issues SET certificate = $2, issued_at = $3 WHERE number = $1`, number, sum[:], now.Unix()); err != nil {
			return fmt.Errorf("registering issue: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE applications SET state = 'issued' WHERE number = $1 AND state = 'issuing'`, number); err != nil {
			return fmt.Errorf("registering issue: %w", err)
		}
		return nil
	})
}
