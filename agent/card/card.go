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
	"context"
	"errors"
	"sync"
	"time"

	"github.com/odnowa/odnowa/agent/worker"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// Module is a PKCS#11 module to use.
type Module struct {
	// Name is shown to people and programs.
	Name string
	// Path of the library, absolute.
	Path string
	// Env is added to the environment of the module's process, "NAME=value" each.
	Env []string
}

// Options of a store. The zero value is right for the agent.
type Options struct {
	// Worker configures the modules' processes; its Env goes to all of them.
	Worker worker.Options
	// PollInterval of Watch, 1 s by default.
	PollInterval time.Duration
}

// Store is the cards within reach. Its methods may be called from several goroutines.
type Store struct {
	modules      []*module
	pollInterval time.Duration
	now          func() time.Time

	// mu guards the fields that follow.
	mu sync.Mutex
	// seen tells which module listed a certificate, by its id, so that a signature need not ask
	// the others, which may hang.
	seen map[string]*module
}

type module struct {
	name   string
	worker *worker.Worker
}

// New makes a store. Modules are loaded at the first call that needs them.
func New(modules []Module, o Options) *Store {
	s := &Store{pollInterval: o.PollInterval, now: time.Now, seen: make(map[string]*module)}
	if s.pollInterval == 0 {
		s.pollInterval = time.Second
	}
	for _, m := range modules {
		options := o.Worker
		options.Env = append(options.Env[:len(options.Env):len(options.Env)], m.Env...)
		s.modules = append(s.modules, &module{m.Name, worker.Start(m.Path, options)})
	}
	return s
}

// Close ends the modules' processes.
func (s *Store) Close() error {
	var errs []error
	for _, m := range s.modules {
		errs = append(errs, m.worker.Close())
	}
	return errors.Join(errs...)
}

// answer is what one module said.
type answer[T any] struct {
	module *module
	value  T
	err    error
}

// askAll asks all modules at once and gives their answers in the modules' order.
func askAll[T any](s *Store, ask func(*worker.Worker) (T, error)) []answer[T] {
	answers := make([]answer[T], len(s.modules))
	var group sync.WaitGroup
	for i, m := range s.modules {
		group.Go(func() {
			value, err := ask(m.worker)
			answers[i] = answer[T]{m, value, err}
		})
	}
	group.Wait()
	return answers
}

// listAll lists the slots of all modules. Where a module sees no token it looks again from scratch.
func (s *Store) listAll(ctx context.Context) ([]answer[[]worker.Slot], error) {
	answers := askAll(s, func(w *worker.Worker) ([]worker.Slot, error) {
		return w.List(ctx, worker.RefreshEmpty)
	})
	if err := ctx.Err(); err != nil {
		return nil, interrupted(err)
	}
	return answers, nil
}

// Refresh makes every module look for its readers and cards from scratch. Some see a second card, or that
// a card was exchanged, only then; where none is seen, the other methods do it by themselves. Errors:
// request_cancelled or timeout, when ctx ends; a module that fails shows in the next List.
func (s *Store) Refresh(ctx context.Context) error {
	askAll(s, func(w *worker.Worker) ([]worker.Slot, error) { return w.Status(ctx, worker.RefreshAlways) })
	if err := ctx.Err(); err != nil {
		return interrupted(err)
	}
	return nil
}

// moduleState is a module's line in the bridge's answers.
func moduleState[T any](a answer[T]) bridge.Module {
	state := bridge.Module{Name: a.module.name}
	if a.err != nil {
		state.Code = bridge.CodeModuleFailed
	}
	return state
}
