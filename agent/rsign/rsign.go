// Package rsign is this computer's side of rSign: certificates whose keys are in the CA's cloud, and whose
// signatures a person approves on the phone.
//
// A computer is activated once for each certificate: it makes a key of its own, registers it, and shows six
// digits that the person types on the phone, which signs for it. With that key it may from then on ask for
// signatures, no more: each one waits until the phone, with its PIN, has authorised the very hash. What
// is asked goes through the CA's portal by the API of the Cloud Signature Consortium (CSC API v2), each request
// signed with the computer's key (DPoP, RFC 9449), its body too.
//
// Nothing that a server answers is believed further than it can be checked. The six digits are computed
// here from both sides' keys, so a portal in between that put in another key shows other digits. The
// certificate is pinned when the computer is activated; a signature is for the caller to verify with it,
// which cades.Request.Assemble does. Redirects are not followed, bodies are capped, and plain HTTP goes to
// this computer only.
//
// The keys lie in files that their user alone can read (file.go); malware of the same user can ask for
// signatures, and it is the person with the phone who refuses them.
//
// Like package card it speaks the bridge protocol's words: what goes wrong is a *bridge.Error.
package rsign

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/certificate"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// Token is bridge.Certificate.Token of every certificate in the cloud.
const Token = "rSign"

// Algorithm is the only one that the service signs with.
const Algorithm = cades.ES256

// Options of a store.
type Options struct {
	// Dir keeps the computer's keys. It is made, for its user alone.
	Dir string
	// Computer is what the phone calls this computer; see ComputerName.
	Computer string
	// Now is the clock.
	Now func() time.Time
	Log *zap.Logger
}

// Store has this user's registrations on this computer. Its methods may be called from several
// goroutines, and several processes may have a store on one folder.
type Store struct {
	Options
	activating sync.Mutex // held for the length of an activation
}

// New makes a store. It does nothing until something is asked.
func New(o Options) *Store { return &Store{Options: o} }

// List gives the certificates that this computer may use through one of the portals, each the address of a
// CSC API. It asks no server, unless an activation was broken off and may have been finished on the phone
// since. A registration that cannot be read does not hide the others: failed says that there was one.
func (s *Store) List(ctx context.Context, portals []string, filter bridge.Filter) (found []bridge.Certificate, refused []bridge.Refused, failed error) {
	found, refused = []bridge.Certificate{}, []bridge.Refused{}
	all, failed := s.usable(ctx, portals)
	for _, r := range all {
		if reason := certificate.Refusal(r.leaf(), filter, s.Now()); reason != "" {
			refused = append(refused, bridge.Refused{Reason: reason})
			continue
		}
		found = append(found, r.describe())
	}
	return found, refused, failed
}

// Certificate finds one of List's by its id. The error is certificate_unknown.
func (s *Store) Certificate(portals []string, id string) (*bridge.Certificate, error) {
	r, err := s.find(portals, id)
	if err != nil {
		return nil, err
	}
	b := r.describe()
	return &b, nil
}

// usable gives the active registrations of the portals, the newest first, after it settled what an
// earlier process left open.
func (s *Store) usable(ctx context.Context, portals []string) ([]*registration, error) {
	all, failed := s.load()
	var active []*registration
	for _, r := range all {
		if !slices.Contains(portals, r.Portal) {
			continue
		}
		if !r.active() {
			if err := s.settle(ctx, r); err != nil {
				s.Log.Info("activation was broken off", zap.Error(err))
				continue
			}
		}
		if r.active() && !slices.ContainsFunc(active, r.sameCredential) {
			active = append(active, r)
		}
	}
	return active, failed
}

func (s *Store) find(portals []string, id string) (*registration, error) {
	all, failed := s.load()
	for _, r := range all {
		if r.active() && slices.Contains(portals, r.Portal) && certificate.ID(r.leaf().Raw) == id {
			return r, nil
		}
	}
	return nil, bridge.Errorf(bridge.CodeCertificateUnknown, failed)
}

// Status of one registration, for its owner.
type Status struct {
	// Portal is the address of the CSC API.
	Portal      string
	Certificate bridge.Certificate
	// Since is when the computer was activated.
	Since time.Time
	// Code is empty where the service would take a request now, else why not.
	Code bridge.Code
}

// Status asks the service about every registration with one of the portals.
func (s *Store) Status(ctx context.Context, portals []string) ([]Status, error) {
	active, failed := s.usable(ctx, portals)
	var all []Status
	for _, r := range active {
		one := Status{Portal: r.Portal, Certificate: r.describe(), Since: r.Since}
		if err := s.check(ctx, r); err != nil {
			s.Log.Debug("rSign status", zap.Error(err))
			one.Code = codeOf(err)
		}
		all = append(all, one)
	}
	return all, failed
}

// check has a token and the credential given out, and wants the pinned certificate in it.
func (s *Store) check(ctx context.Context, r *registration) error {
	c, err := s.open(ctx, r)
	if err != nil {
		return err
	}
	info, err := c.credential(ctx, r.Credential)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(info.chain[:1], r.chain[:1], sameCertificate) {
		return unavailable(errors.New("the service shows another certificate than it did"))
	}
	if !info.usable {
		return bridge.Errorf(bridge.CodeRSignLocked, nil)
	}
	return nil
}

func (r *registration) describe() bridge.Certificate {
	b := certificate.Describe(r.leaf())
	for _, c := range r.chain[1:] {
		b.Chain = append(b.Chain, c.Raw)
	}
	b.Source, b.Token, b.PIN = bridge.SourceRSign, Token, bridge.PINOK
	b.Algorithms = []string{string(Algorithm)}
	return b
}

// maxName is the most characters of a computer's name.
const maxName = 64

// ComputerName is the host's name and its system, such as "office-3 (Linux)".
func ComputerName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "computer"
	}
	host, _, _ = strings.Cut(host, ".")
	system := map[string]string{"linux": "Linux", "windows": "Windows", "darwin": "macOS"}[runtime.GOOS]
	return shorten(host, maxName-len(system)-3) + " (" + system + ")"
}

// shorten keeps what can be read of a text, and so many characters of it.
func shorten(text string, limit int) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	if all := []rune(clean); len(all) > limit {
		clean = string(all[:limit-1]) + "…"
	}
	return strings.TrimSpace(clean)
}

// unavailable is the error of a service that does not answer as it must.
func unavailable(cause error) error { return bridge.Errorf(bridge.CodeRSignUnavailable, cause) }

func codeOf(err error) bridge.Code {
	var be *bridge.Error
	if errors.As(err, &be) {
		return be.Code
	}
	return bridge.CodeInternal
}
