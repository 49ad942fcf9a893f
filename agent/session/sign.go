package session

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

// task is a request for a signature that passed every check that needs no person.
type task struct {
	id        string
	profile   cades.Profile
	algorithm cades.Algorithm
	cert      *x509.Certificate
	chain     []*x509.Certificate
	content   []byte // the bytes that get signed
	ask       window.Request
}

// sign serves signature.create: checks, window, PIN, card, checks again, record. The order matters:
// nobody is asked about a document that would not be signed, and nothing is handed out that is not
// recorded.
func (c *conn) sign(ctx context.Context, q request, p *bridge.SignParams) (*bridge.SignResult, error) {
	record := audit.Record{Time: c.Now().UTC(), Origin: q.origin}
	result, err := c.signRecorded(ctx, q, p, &record)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		record.Outcome = audit.Outcome(toBridge(err))
	} else {
		record.Outcome = audit.Signed
	}
	if werr := c.Audit.Write(record); werr != nil {
		c.Log.Error("no audit record, no signature", zap.Error(werr))
		return nil, errors.Join(err, toBridge(werr))
	}
	return result, err
}

func (c *conn) signRecorded(ctx context.Context, q request, p *bridge.SignParams, record *audit.Record) (*bridge.SignResult, error) {
	t, err := c.examine(ctx, q, p)
	if err != nil {
		return nil, err
	}
	record.Certificate = t.id
	record.Digest = hexSHA256(t.content)

	w, err := c.Window.Open(ctx, t.ask)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	cms, err := c.makeCMS(ctx, q, t, w)
	if err != nil {
		return nil, err
	}
	return &bridge.SignResult{CMS: cms, Algorithm: string(t.algorithm), Shown: t.ask.Shown()}, nil
}

// makeCMS lets the card sign and trusts nothing of what comes back before it verified.
func (c *conn) makeCMS(ctx context.Context, q request, t *task, w *window.Conversation) ([]byte, error) {
	digest := t.algorithm.Sum(t.content)
	r, err := cades.NewRequest(t.profile, t.algorithm, t.cert, t.chain, digest, c.Now())
	if err != nil {
		return nil, fmt.Errorf("building signature: %w", err)
	}
	value, err := c.askCard(ctx, q, card.SignRequest{
		CertificateID: t.id, Algorithm: t.algorithm, ToSign: r.ToSign(),
		Progress: func(s bridge.ProgressState) { c.progress(ctx, q, s) },
	}, w)
	if err != nil {
		return nil, err
	}
	cms, err := r.Assemble(value)
	if err != nil {
		return nil, fmt.Errorf("assembling signature: %w", err)
	}
	s, err := cades.Parse(cms)
	if err != nil {
		return nil, fmt.Errorf("reading the signature again: %w", err)
	}
	if err := s.Verify(t.profile, digest, t.cert); err != nil {
		return nil, fmt.Errorf("verifying the signature: %w", err)
	}
	return cms, nil
}

// askCard lets the card sign. After a wrong PIN the same window asks again, for as long as the card
// allows and the person wants; each PIN is typed anew.
func (c *conn) askCard(ctx context.Context, q request, sign card.SignRequest, w *window.Conversation) ([]byte, error) {
	var problem bridge.Code
	for {
		value, err := c.Cards.Sign(ctx, sign, func(ctx context.Context, state bridge.PINState, triesLeft *int) ([]byte, error) {
			pin, err := w.PIN(ctx, window.PINState{State: state, Problem: problem, TriesLeft: triesLeft})
			if err != nil {
				return nil, toBridge(err)
			}
			return pin, nil
		})
		if err == nil {
			return value, nil
		}
		problem = toBridge(err).Code
		if problem != bridge.CodePINIncorrect && problem != bridge.CodePINLength {
			return nil, err
		}
	}
}

func (c *conn) progress(ctx context.Context, q request, s bridge.ProgressState) {
	c.notify(ctx, bridge.NotifySignatureProgress, bridge.Progress{RequestID: q.id, State: s})
}

// examine makes every check that needs no person.
func (c *conn) examine(ctx context.Context, q request, p *bridge.SignParams) (*task, error) {
	if len(p.Document.Bytes) > MaxDocument {
		return nil, bridge.Errorf(bridge.CodeDocumentTooLarge, nil)
	}
	if len(p.Document.Bytes) == 0 || !window.Viewable(p.Document.MediaType) {
		return nil, bridge.Errorf(bridge.CodeDocumentRefused, errors.New("empty, or of a media type that the window cannot show"))
	}
	claims, err := c.claims(c.Policy.Origin(q.origin), p)
	if err != nil {
		return nil, err
	}
	t, holder, err := c.pick(ctx, p.CertificateID)
	if err != nil {
		return nil, err
	}
	t.ask = window.Request{
		Language: q.language, Origin: q.origin, Document: p.Document,
		Holder: t.cert.Subject.CommonName, Reader: holder.Reader, PINPad: holder.PINPad,
	}
	if claims == nil {
		t.profile, t.content = cades.CAdES, p.Document.Bytes
		t.ask.Digest = hexSHA256(p.Document.Bytes)
		return t, nil
	}
	if t.content, err = claims.Match(q.origin, t.cert.Raw, p.Document.Bytes); err != nil {
		return nil, err
	}
	if p.Format == bridge.FormatCAdES {
		t.profile = cades.CAdES
	}
	t.ask.Kind, t.ask.Show = claims.Kind, claims.Show
	return t, nil
}

// claims checks the seal, and that the format fits what it seals. It gives nil for a document
// without a seal where the policy allows those: as CAdES only, since a PDF's byte range is taken
// from a seal and never from the PDF.
func (c *conn) claims(o *policy.Origin, p *bridge.SignParams) (*seal.Claims, error) {
	if p.Seal == "" {
		switch {
		case o.Documents != policy.Document:
			return nil, bridge.Errorf(bridge.CodeSealMissing, nil)
		case p.Format != bridge.FormatCAdES:
			return nil, bridge.Errorf(bridge.CodeDocumentRefused, errors.New("pades without a seal"))
		}
		return nil, nil
	}
	claims, err := seal.Verify(p.Seal, o.Keys(), c.Now())
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

// pick finds the certificate in reach, what signs with it, and the best algorithm that card and
// format share.
func (c *conn) pick(ctx context.Context, id string) (*task, *bridge.Certificate, error) {
	list, err := c.Cards.List(ctx, bridge.Filter{})
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(list.Certificates, func(b bridge.Certificate) bool { return b.ID == id })
	if i < 0 {
		return nil, nil, bridge.Errorf(bridge.CodeCertificateUnknown, nil)
	}
	b := &list.Certificates[i]
	if b.PIN == bridge.PINLocked {
		return nil, nil, bridge.Errorf(bridge.CodePINLocked, nil)
	}
	t := &task{id: b.ID}
	if t.cert, err = x509.ParseCertificate(b.DER); err != nil {
		return nil, nil, fmt.Errorf("parsing certificate: %w", err)
	}
	if hexSHA256(b.DER) != b.ID {
		return nil, nil, errors.New("certificate has another id")
	}
	for _, der := range b.Chain {
		ca, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, fmt.Errorf("parsing the token's CA certificate: %w", err)
		}
		t.chain = append(t.chain, ca)
	}
	for _, a := range cades.AlgorithmsFor(t.cert.PublicKey) {
		if slices.Contains(b.Algorithms, string(a)) {
			t.algorithm = a
			return t, b, nil
		}
	}
	return nil, nil, bridge.Errorf(bridge.CodeDocumentRefused, errors.New("no algorithm that card and format share"))
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
