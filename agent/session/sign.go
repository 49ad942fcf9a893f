package session

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/certificate"
	"github.com/odnowa/odnowa/agent/rsign"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

// order is a request for a signature as far as it depends on who asks.
type order struct {
	origin   string   // empty for a command
	portals  []string // rSign may be used through these
	language window.Language
	progress func(bridge.ProgressState)
	window   *window.Conversation
	// hash, where it is not nil, is told what the phone will show the beginning of.
	hash func(digest []byte)
}

// task is an order that passed every check that needs no person.
type task struct {
	id        string
	source    bridge.Source
	pin       bridge.PINState // when it was listed
	profile   cades.Profile
	algorithm cades.Algorithm
	cert      *x509.Certificate
	chain     []*x509.Certificate
	content   []byte // the bytes that get signed
	sha256    []byte // their SHA-256
	digest    []byte // their hash for the algorithm, see sum
	ask       window.Request
}

// sign serves signature.create.
func (q *request) sign(ctx context.Context, p *bridge.SignParams) (*bridge.SignResult, error) {
	o := order{origin: q.caller.Website, portals: q.portals(), language: q.language, progress: func(s bridge.ProgressState) {
		q.conn.notify(ctx, bridge.NotifySignatureProgress, bridge.Progress{RequestID: q.id, State: s})
	}}
	result, err := q.signRecorded(ctx, o, func(o order) (*task, error) { return q.examine(ctx, o, p) })
	giveBuffer(p.Document.Bytes)
	return result, err
}

// signRecorded makes a signature: checks, window, PIN or phone, checks again, record. The order matters:
// nobody is asked about a document that would not be signed, and nothing is handed out that is not
// recorded.
func (s *Session) signRecorded(ctx context.Context, o order, examine func(order) (*task, error)) (*bridge.SignResult, error) {
	record := audit.Record{Time: s.Now().UTC(), Origin: o.origin}
	o.window = s.Window.Conversation(ctx, o.language, o.origin)
	result, err := s.signTask(ctx, o, examine, &record)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		o.window.Close()
	}()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		record.Outcome = audit.Outcome(toBridge(err))
	} else {
		record.Outcome = audit.Signed
	}
	werr := s.Audit.Write(record)
	<-closed
	if werr != nil {
		s.Log.Error("no audit record, no signature", zap.Error(werr))
		var known *bridge.Error
		if !errors.As(werr, &known) {
			werr = bridge.Errorf(bridge.CodeAuditFailed, werr)
		}
		return nil, errors.Join(err, werr)
	}
	return result, err
}

func (s *Session) signTask(ctx context.Context, o order, examine func(order) (*task, error), record *audit.Record) (*bridge.SignResult, error) {
	t, err := examine(o)
	if err != nil {
		return nil, err
	}
	record.Certificate = t.id
	record.Digest = hex.EncodeToString(t.sha256)
	if t.ask.Kind == "" { // then the whole document is what gets signed
		t.ask.Digest = record.Digest
	}
	produce := s.makeOnCard
	if t.source == bridge.SourceRSign {
		produce = s.makeInCloud
	}
	cms, err := produce(ctx, o, t)
	if err != nil {
		return nil, err
	}
	return &bridge.SignResult{CMS: cms, Algorithm: string(t.algorithm), Shown: t.ask.Shown()}, nil
}

// makeOnCard asks in the window, and there for the PIN, and lets the card sign.
func (s *Session) makeOnCard(ctx context.Context, o order, t *task) ([]byte, error) {
	if err := o.window.Open(ctx, t.ask); err != nil {
		return nil, err
	}
	r, err := t.request(s.Now())
	if err != nil {
		return nil, err
	}
	ask := s.askCard
	if t.ask.PINPad {
		ask = s.askPad
	}
	value, err := ask(ctx, card.SignRequest{
		CertificateID: t.id, Algorithm: t.algorithm, ToSign: r.ToSign(), Progress: o.progress,
	}, window.PINState{State: t.pin}, o.window)
	if err != nil {
		return nil, err
	}
	return t.assemble(r, value)
}

// makeInCloud asks in the window, then on the phone. Both show the beginning of the same hash: that of the
// signed attributes, which has the document's in it. The window stays taken until the phone has
// answered.
func (s *Session) makeInCloud(ctx context.Context, o order, t *task) ([]byte, error) {
	r, err := t.request(s.Now())
	if err != nil {
		return nil, err
	}
	t.ask.PhoneHash = hex.EncodeToString(r.Digest())
	if err := o.window.Open(ctx, t.ask); err != nil {
		return nil, err
	}
	if o.hash != nil {
		o.hash(r.Digest())
	}
	value, err := s.RSign.Sign(ctx, rsign.SignRequest{
		Portals: o.portals, CertificateID: t.id, Digest: r.Digest(), Label: t.ask.Subject(), Progress: o.progress,
	})
	if err != nil {
		return nil, err
	}
	return t.assemble(r, value)
}

// request builds the signature without its value.
func (t *task) request(now time.Time) (*cades.Request, error) {
	r, err := cades.NewRequest(t.profile, t.algorithm, t.cert, t.chain, t.sum(), now)
	if err != nil {
		return nil, fmt.Errorf("building signature: %w", err)
	}
	return r, nil
}

// assemble trusts nothing of what came back before it verified.
func (t *task) assemble(r *cades.Request, value []byte) ([]byte, error) {
	cms, err := r.Assemble(value)
	if err != nil {
		return nil, fmt.Errorf("assembling signature: %w", err)
	}
	made, err := cades.Parse(cms)
	if err != nil {
		return nil, fmt.Errorf("reading the signature again: %w", err)
	}
	if err := made.Verify(t.profile, t.sum(), t.cert); err != nil {
		return nil, fmt.Errorf("verifying the signature: %w", err)
	}
	return cms, nil
}

// askCard lets the card sign. After a wrong PIN the same window asks again, see retries; each PIN is typed anew.
func (s *Session) askCard(ctx context.Context, sign card.SignRequest, _ window.PINState, w *window.Conversation) ([]byte, error) {
	var again retries
	for {
		value, err := s.Cards.Sign(ctx, sign, func(ctx context.Context, state bridge.PINState, triesLeft *int) ([]byte, error) {
			pin, err := w.PIN(ctx, window.PINState{State: state, Problem: again.problem, Forgotten: again.lost, TriesLeft: triesLeft})
			if err != nil {
				return nil, toBridge(err)
			}
			return pin, nil
		})
		if err == nil {
			return value, nil
		}
		if !again.after(err) {
			return nil, err
		}
	}
}

// examine makes every check that needs no person.
func (q *request) examine(ctx context.Context, o order, p *bridge.SignParams) (*task, error) {
	claims, err := q.claims(p)
	if err != nil {
		return nil, err
	}
	o.window.Ready()
	if err := putBack(q.lifted, p); err != nil {
		return nil, bridge.Errorf(bridge.CodeInvalidRequest, err)
	}
	if len(p.Document.Bytes) > MaxDocument {
		return nil, bridge.Errorf(bridge.CodeDocumentTooLarge, nil)
	}
	if len(p.Document.Bytes) == 0 || !window.Viewable(p.Document.MediaType) {
		return nil, bridge.Errorf(bridge.CodeDocumentRefused, errors.New("empty, or of a media type that the window cannot show"))
	}
	if claims == nil {
		return q.whole(ctx, o, p.CertificateID, p.Document)
	}
	t, err := q.pick(ctx, o, p.CertificateID, p.Document)
	if err != nil {
		return nil, err
	}
	if t.content, err = claims.Match(o.origin, t.cert.Raw, p.Document.Bytes); err != nil {
		return nil, err
	}
	t.sha256 = claims.Digest // as was just found
	if p.Format == bridge.FormatPAdES {
		t.profile = cades.PAdES
	}
	t.ask.Kind, t.ask.Show = claims.Kind, claims.Show
	return t, nil
}

// claims checks the seal, and that the format fits what it seals. It gives nil for a document
// without a seal where the policy allows those: as CAdES only, since a PDF's byte range is taken
// from a seal and never from the PDF.
func (q *request) claims(p *bridge.SignParams) (*seal.Claims, error) {
	if p.Seal == "" {
		if err := q.rules().Decide(q.caller, access.SignUnsealed); err != nil {
			return nil, err
		}
		if p.Format != bridge.FormatCAdES {
			return nil, bridge.Errorf(bridge.CodeDocumentRefused, errors.New("pades without a seal"))
		}
		return nil, nil
	}
	claims, err := seal.Verify(p.Seal, q.Policy.Origin(q.caller.Website).Keys(), q.Now())
	if err != nil {
		return nil, err
	}
	fits := map[seal.Kind]bridge.SignParams{
		seal.Application:  {Format: bridge.FormatPAdES, Document: bridge.Document{MediaType: "application/pdf"}},
		seal.Confirmation: {Format: bridge.FormatCAdES, Document: bridge.Document{MediaType: "text/plain"}},
	}[claims.Kind]
	if p.Format != fits.Format || p.Document.MediaType != fits.Document.MediaType {
		return nil, bridge.Errorf(bridge.CodeDocumentRefused, errors.New("format does not fit the kind of document"))
	}
	return claims, nil
}

// whole is the task to sign the whole document, which may be large: it is hashed while the card is asked. Nobody looks at
// the document any more when an error comes.
func (s *Session) whole(ctx context.Context, o order, id string, document bridge.Document) (*task, error) {
	sum := make(chan []byte, 1)
	go func() {
		s := sha256.Sum256(document.Bytes)
		sum <- s[:]
	}()
	t, err := s.pick(ctx, o, id, document)
	digest := <-sum
	if err != nil {
		return nil, err
	}
	t.content, t.sha256 = document.Bytes, digest
	return t, nil
}

// pick finds the certificate in reach, what signs with it, and the best algorithm that it and the format
// share. The task is to sign as CAdES; which bytes of the document, and their hash, the caller sets.
func (s *Session) pick(ctx context.Context, o order, id string, document bridge.Document) (*task, error) {
	b, err := s.certificate(ctx, o, id)
	if err != nil {
		return nil, err
	}
	if b.PIN == bridge.PINLocked {
		return nil, bridge.Errorf(bridge.CodePINLocked, nil)
	}
	t := &task{id: b.ID, source: b.Source, pin: b.PIN, profile: cades.CAdES}
	if t.cert, err = x509.ParseCertificate(b.DER); err != nil {
		return nil, fmt.Errorf("parsing certificate: %w", err)
	}
	if certificate.ID(b.DER) != b.ID {
		return nil, errors.New("certificate has another id")
	}
	for _, der := range b.Chain {
		ca, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("parsing the token's CA certificate: %w", err)
		}
		t.chain = append(t.chain, ca)
	}
	t.ask = window.Request{
		Language: o.language, Origin: o.origin, Document: document,
		Holder: t.cert.Subject.CommonName, Reader: b.Reader, PINPad: b.PINPad,
	}
	for _, a := range cades.AlgorithmsFor(t.cert.PublicKey) {
		if slices.Contains(b.Algorithms, string(a)) {
			t.algorithm = a
			return t, nil
		}
	}
	return nil, bridge.Errorf(bridge.CodeDocumentRefused, errors.New("no algorithm that card and format share"))
}

// certificate looks in the cloud first: that costs nothing, while cards are slow. Of those it asks the one that had
// the certificate, and all where it is not there.
func (s *Session) certificate(ctx context.Context, o order, id string) (*bridge.Certificate, error) {
	if len(o.portals) > 0 {
		b, err := s.RSign.Certificate(o.portals, id)
		if err == nil {
			return b, nil
		}
	}
	if b := s.Cards.Certificate(ctx, id); b != nil {
		return b, nil
	}
	for {
		list, err := s.Cards.List(ctx, bridge.Filter{})
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list.Certificates, func(b bridge.Certificate) bool { return b.ID == id })
		if i >= 0 {
			return &list.Certificates[i], nil
		}
		// A card that was just put in may take longer to be read than a list waits; a slow module answers or fails
		// in its deadline.
		if has(list.Modules, bridge.CodeModuleSlow) {
			continue
		}
		// One that failed may be the one that has it.
		if has(list.Modules, bridge.CodeModuleFailed) {
			return nil, s.Cards.Absent(ctx, id)
		}
		return nil, bridge.Errorf(bridge.CodeCertificateUnknown, nil)
	}
}

func has(modules []bridge.Module, code bridge.Code) bool {
	return slices.ContainsFunc(modules, func(m bridge.Module) bool { return m.Code == code })
}

// sum hashes what gets signed with the signature's hash, once: a document may be large.
func (t *task) sum() []byte {
	if t.algorithm.Hash() == crypto.SHA256 {
		return t.sha256
	}
	if t.digest == nil {
		t.digest = t.algorithm.Sum(t.content)
	}
	return t.digest
}
