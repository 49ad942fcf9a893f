package card

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"

	"github.com/odnowa/odnowa/agent/certificate"
	"github.com/odnowa/odnowa/agent/pkcs11"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// List gives the certificates on all cards, without PIN. A module that fails, or is still at it after
// Options.Patience, is named in the result and does not hide the others; of what a slow one has found at last, Watch
// tells. A certificate that several modules show is listed once, see choose. The CA certificates on a token appear in
// chains only.
//
// Errors: request_cancelled or timeout, when ctx ends.
func (s *Store) List(ctx context.Context, filter bridge.Filter) (bridge.ListResult, error) {
	answers, err := s.listAll(ctx)
	if err != nil {
		return bridge.ListResult{}, err
	}
	result := bridge.ListResult{
		Certificates: []bridge.Certificate{}, Refused: []bridge.Refused{}, Modules: []bridge.Module{},
	}
	for _, a := range answers {
		line, _ := a.state()
		result.Modules = append(result.Modules, line)
	}
	seen, known := make(map[string]*candidate), s.known()
	for _, c := range choose(answers, known.parse) {
		seen[c.id] = c
		if reason := c.refusal(filter, s.now()); reason != "" {
			result.Refused = append(result.Refused, bridge.Refused{Reason: reason, Reader: c.slot.Reader})
			continue
		}
		c.chain = known.chain(c)
		result.Certificates = append(result.Certificates, c.describe())
	}
	s.remember(seen, known.parsed, answers)
	return result, nil
}

// known is what need not be found out anew for a list, since parsing certificates and verifying who issued them takes
// longer than asking the card.
type known struct {
	seen         map[string]*candidate // that were listed last
	last, parsed map[[sha256.Size]byte]*x509.Certificate
}

func (s *Store) known() *known {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &known{seen: s.seen, last: s.parsed, parsed: make(map[[sha256.Size]byte]*x509.Certificate)}
}

// parse gives nil for what is no certificate.
func (k *known) parse(der []byte) *x509.Certificate {
	hash := sha256.Sum256(der)
	c := k.last[hash]
	if c == nil {
		c = parse(der)
	}
	if c != nil {
		k.parsed[hash] = c
	}
	return c
}

// chain gives that of the last list, nil where there was none or the token has other certificates now.
func (k *known) chain(c *candidate) [][]byte {
	if last := k.seen[c.id]; last != nil && last.x509 == c.x509 && slices.Equal(last.issuer, c.issuer) {
		return last.chain
	}
	return nil
}

// parse gives nil for what is no certificate.
func parse(der []byte) *x509.Certificate {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return c
}

// choose gives each certificate once, in the order of their first appearance: from the first module that can sign with
// it, else from the first that shows it.
func choose(answers []answer[[]worker.Slot], parse func([]byte) *x509.Certificate) []*candidate {
	var chosen []*candidate
	for _, a := range answers {
		for _, slot := range a.value {
			for _, c := range candidates(slot, parse) {
				c.module = a.module
				i := slices.IndexFunc(chosen, func(o *candidate) bool { return o.id == c.id })
				switch {
				case i < 0:
					chosen = append(chosen, c)
				case chosen[i].useless() != "" && c.useless() == "":
					chosen[i] = c
				}
			}
		}
	}
	return chosen
}

// remember keeps which module has which certificate; of those that have not answered, or failed, what they had.
func (s *Store) remember(seen map[string]*candidate, parsed map[[sha256.Size]byte]*x509.Certificate, answers []answer[[]worker.Slot]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.seen {
		i := slices.IndexFunc(answers, func(a answer[[]worker.Slot]) bool { return a.module == c.module })
		if seen[id] == nil && i >= 0 && answers[i].err != nil {
			seen[id] = c
		}
	}
	s.seen, s.parsed = seen, parsed
}

// Certificate gives one that was listed before, as List would now: only its own card is asked, whether it is still
// there and what it says of its PIN. Nil is one that was not listed, or is elsewhere: List tells more.
func (s *Store) Certificate(ctx context.Context, id string) *bridge.Certificate {
	s.mu.Lock()
	known := s.seen[id]
	s.mu.Unlock()
	hash, err := hashOf(id)
	if known == nil || err != nil || known.refusal(bridge.Filter{}, s.now()) != "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	found, err := known.module.worker.Find(ctx, hash)
	token := *known.slot.Token
	if err != nil || found.Reader != known.slot.Reader || found.Token.Label != token.Label || found.Token.Serial != token.Serial {
		return nil
	}
	now := *known
	token.TokenInfo, now.slot.Token = found.Token, &token
	if now.useless() != "" {
		return nil
	}
	b := now.describe()
	return &b
}

// candidate is a certificate on a token that might sign.
type candidate struct {
	worker.Certificate
	id     string
	x509   *x509.Certificate // nil when it can't be parsed
	slot   worker.Slot
	module *module
	issuer []*x509.Certificate // the CA certificates on the token
	chain  [][]byte            // of those, see findChain; nil before it was looked for
}

// candidates gives the certificates of a slot's token that are not a CA's.
func candidates(slot worker.Slot, parse func([]byte) *x509.Certificate) []*candidate {
	if slot.Token == nil {
		return nil
	}
	var found []*candidate
	var authorities []*x509.Certificate
	for _, c := range slot.Token.Certificates {
		parsed := parse(c.DER)
		if parsed != nil && parsed.IsCA {
			authorities = append(authorities, parsed)
			continue
		}
		found = append(found, &candidate{Certificate: c, id: certificate.ID(c.DER), x509: parsed, slot: slot})
	}
	for _, c := range found {
		c.issuer = authorities
	}
	return found
}

// refusal tells why the certificate can't be used or the filter won't have it; "" lets it through.
func (c *candidate) refusal(filter bridge.Filter, now time.Time) bridge.Reason {
	if reason := c.useless(); reason != "" {
		return reason
	}
	return certificate.Refusal(c.x509, filter, now)
}

// useless tells why this token cannot sign with the certificate, "" where it can.
func (c *candidate) useless() bridge.Reason {
	switch {
	case !c.hasKey():
		return bridge.ReasonNoKey
	case c.x509 == nil || len(c.algorithms()) == 0:
		return bridge.ReasonKeyType
	}
	return ""
}

// hasKey: see the package's doc.
func (c *candidate) hasKey() bool {
	return c.Private || c.slot.Token.Flags.Has(pkcs11.FlagLoginRequired)
}

// algorithms are those that fit the key and that the token can do.
func (c *candidate) algorithms() []string {
	var names []string
	for _, a := range cades.AlgorithmsFor(c.x509.PublicKey) {
		if len(schemeOf(a).Usable(a.Hash(), c.slot.Token.Mechanisms)) > 0 {
			names = append(names, string(a))
		}
	}
	return names
}

// schemeOf gives the signature scheme of an algorithm, "" for an unknown one.
func schemeOf(a cades.Algorithm) pkcs11.Scheme {
	switch a {
	case cades.RS256, cades.RS384, cades.RS512:
		return pkcs11.PKCS1
	case cades.PS256, cades.PS384, cades.PS512:
		return pkcs11.PSS
	case cades.ES256, cades.ES384, cades.ES512:
		return pkcs11.ECDSA
	}
	return ""
}

func (c *candidate) describe() bridge.Certificate {
	token := c.slot.Token
	state, _ := pinState(token.TokenInfo)
	b := certificate.Describe(c.x509)
	if c.chain == nil {
		c.chain = c.findChain()
	}
	b.Chain = c.chain
	b.Source = bridge.SourceCard
	b.Token, b.Reader = token.Label, c.slot.Reader
	b.Algorithms = c.algorithms()
	b.PIN, b.PINPad = state, token.Flags.Has(pkcs11.FlagProtectedPath)
	return b
}

// findChain gives the certificates on the token that lead from the issuer upwards, nearest first. Each must
// have signed the one before; that is all that is checked.
func (c *candidate) findChain() [][]byte {
	chain := [][]byte{}
	left := slices.Clone(c.issuer)
	for child := c.x509; ; {
		i := slices.IndexFunc(left, func(ca *x509.Certificate) bool {
			return bytes.Equal(child.RawIssuer, ca.RawSubject) && child.CheckSignatureFrom(ca) == nil
		})
		if i < 0 {
			return chain
		}
		child = left[i]
		chain = append(chain, child.Raw)
		left = slices.Delete(left, i, i+1)
	}
}

// pinState reads the token's flags. The tries left are known only where the flags say so.
func pinState(token pkcs11.TokenInfo) (state bridge.PINState, triesLeft *int) {
	switch {
	case token.Flags.Has(pkcs11.FlagPINLocked):
		return bridge.PINLocked, new(0)
	case token.Flags.Has(pkcs11.FlagPINFinalTry):
		return bridge.PINFinal, new(1)
	case token.Flags.Has(pkcs11.FlagPINCountLow):
		return bridge.PINLow, nil
	}
	return bridge.PINOK, nil
}
