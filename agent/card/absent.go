package card

import (
	"context"
	"slices"

	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Absent says why a certificate is not in the last list: module_failed where a module that failed may be the one that
// has it, else certificate_unknown. No module is asked.
//
// Some module is broken on many computers, for good: that of a card that nobody uses any more. Who is told of it
// whenever a card is not in the reader mends the wrong thing. So a failed module counts only where there is a sign
// that it matters: see mayHide.
func (s *Store) Absent(ctx context.Context, id string) error {
	failed := func(m *module) bool {
		if m.worker == nil {
			return m.Code == bridge.CodeModuleFailed
		}
		return m.last != nil && m.last.err != nil
	}
	if s.mayHide(ctx, id, failed) {
		return bridge.Errorf(bridge.CodeModuleFailed, nil)
	}
	return bridge.Errorf(bridge.CodeCertificateUnknown, nil)
}

// mayHide tells whether one of the modules that failed may be the one that has the certificate: it had it in the last
// list; or no module works, so that nothing is known; or there is a card that none of those that work knows.
// A card that does not answer is nobody's: it is upside down, or broken.
func (s *Store) mayHide(ctx context.Context, id string, failed func(*module) bool) bool {
	readers, err := s.look(ctx)
	if err != nil {
		return true // the caller is no longer there
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	some, works := false, false
	var known []string
	for _, m := range s.modules {
		switch {
		case failed(m):
			if c := s.seen[id]; c != nil && c.module == m {
				return true
			}
			some = true
		case m.worker != nil:
			works = true
			known = append(known, m.tokenReaders()...)
		}
	}
	return some && (!works || slices.ContainsFunc(readers.Readers, func(r pcsc.Reader) bool {
		return r.Card && !r.Mute && !slices.ContainsFunc(known, func(slot string) bool { return sameReader(slot, r.Name) })
	}))
}

// tokenReaders are the readers whose cards the module knew when it was last listed.
func (m *module) tokenReaders() []string {
	var names []string
	if m.last == nil {
		return nil
	}
	for _, slot := range m.last.slots {
		if slot.Token != nil {
			names = append(names, slot.Reader)
		}
	}
	return names
}

// missing says why a certificate is not there.
func (s *Store) missing(ctx context.Context) error {
	status, err := s.Status(ctx)
	if err != nil {
		return err
	}
	switch status.Code {
	case bridge.CodeNoModule, bridge.CodeModuleFailed, bridge.CodeModuleMissing, bridge.CodeModuleRefused, bridge.CodeModuleSlow,
		bridge.CodePCSCStopped, bridge.CodeNoReader, bridge.CodeNoCard:
		return bridge.Errorf(status.Code, nil)
	}
	return bridge.Errorf(bridge.CodeCertificateUnknown, nil)
}
