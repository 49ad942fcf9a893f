// Package card lists the certificates on cards and has cards sign, through any number of PKCS#11 modules,
// each in a process of its own (package worker).
//
// It speaks the bridge protocol's words: what it lists are bridge.Certificate values and what goes wrong is a
// *bridge.Error. It asks for a PIN by a callback, presents it once, wipes it and forgets it; asking again
// after a wrong one is the caller's and the person's decision. It trusts neither cards nor modules: a
// certificate on a card is only data, and a signature is for the caller to verify, which
// cades.Request.Assemble does.
//
// Most tokens hide private keys until the PIN is there, and certificates are listed without one. So on a
// token with login every certificate that is not a CA's counts as usable; that there is no key shows only when
// signing. On a token without login the private key must be visible.
package card

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/odnowa/odnowa/agent/pcsc"
	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Module is a PKCS#11 module to use.
type Module struct {
	// Name is shown to people and programs.
	Name string
	// Path of the library, absolute.
	Path string
	// Command starts the module's process, in place of this very program (worker.Options.Command).
	Command []string
	// Code, when not empty, is why the module is not to be loaded, Problem the same in words, with paths: for
	// diagnosis on this computer, never for a website.
	Code    bridge.Code
	Problem string
	// Env is added to the environment of the module's process, "NAME=value" each.
	Env []string
}

// Options of a store. The zero value is right for the agent.
type Options struct {
	// Worker configures the modules' processes; its Env goes to all of them.
	Worker worker.Options
	// PCSC configures the process that asks for readers; the variables PCSCLITE_* of the modules' Env go to it, too.
	PCSC pcsc.Options
	// Patience is how long List and Status wait for a module that has not answered while others have, 2 s by
	// default; it then counts as slow.
	Patience time.Duration
	// PollInterval of Watch for what PC/SC does not know, 2 s by default; it grows to five times that while nothing
	// changes.
	PollInterval time.Duration
}

// Store is the cards within reach. Its methods may be called from several goroutines.
type Store struct {
	modules                []*module
	patience, pollInterval time.Duration
	pcsc                   pcsc.Options
	now                    func() time.Time

	// mu guards the fields that follow, and the modules' looks.
	mu sync.Mutex
	// seen has the certificates that were listed last, by their id, and which module has each, so that a signature
	// need not ask the others, which may hang.
	seen map[string]*candidate
	// parsed has all certificates of that list, see known.
	parsed map[[sha256.Size]byte]*x509.Certificate
	// readers is what PC/SC says while somebody watches, nil otherwise.
	readers  *pcsc.State
	watchers map[*watcher]bool
}

type module struct {
	Module
	worker *worker.Worker // nil where Code says why

	look  *look         // the last one, see look.go
	last  *look         // the last one that ended
	known []worker.Slot // what the last good one found, while PC/SC has told of no change
	hung  bool          // it overran its deadline, and has not answered since
}

// New makes a store. Modules are loaded at the first call that needs them.
func New(modules []Module, o Options) *Store {
	s := &Store{
		patience: cmp.Or(o.Patience, 2*time.Second), pollInterval: cmp.Or(o.PollInterval, 2*time.Second),
		pcsc: o.PCSC, now: time.Now, seen: make(map[string]*candidate), watchers: make(map[*watcher]bool),
	}
	s.pcsc.Env = slices.Clone(o.PCSC.Env)
	for _, m := range modules {
		one := &module{Module: m}
		if m.Code == "" {
			options := o.Worker
			options.Env = append(options.Env[:len(options.Env):len(options.Env)], m.Env...)
			if len(m.Command) > 0 {
				options.Command = m.Command
			}
			one.worker = worker.Start(m.Path, options)
		}
		for _, v := range m.Env {
			if strings.HasPrefix(v, "PCSCLITE_") {
				s.pcsc.Env = append(s.pcsc.Env, v)
			}
		}
		s.modules = append(s.modules, one)
	}
	return s
}

// Close ends the modules' processes.
func (s *Store) Close() error {
	var errs []error
	for _, m := range s.usable() {
		errs = append(errs, m.worker.Close())
	}
	return errors.Join(errs...)
}

// usable are the modules that can be asked.
func (s *Store) usable() []*module {
	var usable []*module
	for _, m := range s.modules {
		if m.worker != nil {
			usable = append(usable, m)
		}
	}
	return usable
}

// answer is what one module said.
type answer[T any] struct {
	module *module
	value  T
	err    error
}

// askAll asks all modules at once and gives their answers as they come. Who reads no further loses nothing.
func askAll[T any](s *Store, ask func(*module) (T, error)) (answers <-chan answer[T]) {
	modules := s.usable()
	all := make(chan answer[T], len(modules))
	var group sync.WaitGroup
	for _, m := range modules {
		group.Go(func() {
			value, err := ask(m)
			all <- answer[T]{m, value, err}
		})
	}
	go func() {
		group.Wait()
		close(all)
	}()
	return all
}

// Refresh makes every module look for its readers and cards from scratch. Some see a second card, or that
// a card was exchanged, only then; where none is seen, the other methods do it by themselves. Errors:
// request_cancelled or timeout, when ctx ends; a module that fails shows in the next List.
func (s *Store) Refresh(ctx context.Context) error {
	for range askAll(s, func(m *module) ([]worker.Slot, error) { return m.worker.Status(ctx, worker.RefreshAlways) }) {
	}
	if err := ctx.Err(); err != nil {
		return interrupted(err)
	}
	return nil
}

// state is a module's line in the bridge's answers, and why, for this computer's person.
func (a answer[T]) state() (line bridge.Module, problem string) {
	line = bridge.Module{Name: a.module.Name, Code: a.module.Code}
	problem = a.module.Problem
	switch {
	case a.err == nil:
		return line, problem
	case errors.Is(a.err, errSlow):
		line.Code = bridge.CodeModuleSlow
	default:
		line.Code = bridge.CodeModuleFailed
	}
	return line, a.err.Error()
}
