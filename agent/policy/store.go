package policy

import (
	"reflect"
	"slices"
	"sync"

	"go.uber.org/zap"
)

// Store is the policy in force. It looks at its places whenever it is asked, which costs a stat for each, so
// that a change counts at the next request and nothing runs in between.
type Store struct {
	from sources
	log  *zap.Logger

	mu      sync.Mutex // guards the fields that follow
	current *Policy
	stamp   string // of current, or of what was wrong
	problem error  // why the places' present content is not in force
}

// Open loads the policy and keeps watching over it.
func Open(log *zap.Logger) (*Store, error) { return openStore(allPlaces(), log) }

func openStore(from sources, log *zap.Logger) (*Store, error) {
	s := &Store{from: from, log: log, stamp: from.stamp()}
	var err error
	s.current, err = load(from)
	return s, err
}

// Fixed is a store whose policy never changes.
func Fixed(p *Policy) *Store { return &Store{current: p} }

// Current gives the policy in force. One that was changed into something bad is not: the last good one
// stays, and Problem says so.
func (s *Store) Current() *Policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The stamp is taken before the content, so that a change in between is seen next time.
	stamp := s.from.stamp()
	if s.log == nil || stamp == s.stamp {
		return s.current
	}
	s.stamp = stamp
	p, err := load(s.from)
	if s.problem = err; err != nil {
		s.log.Error("the changed policy is bad; the one before stays in force", zap.Error(err))
		return s.current
	}
	if waiting := waitForStart(s.current, p); len(waiting) > 0 {
		s.log.Warn("some of the changed policy counts once the service and the sessions are started again", zap.Strings("members", waiting))
	}
	s.current = p
	s.log.Info("policy changed", zap.String("policyFile", p.Source()))
	return p
}

// atStart are the members that a process looks at when it starts: sockets, files, ports.
var atStart = []string{"port", "service", "serviceSocket", "stateDir", "auditFileBytes", "auditFiles"}

// waitForStart lists those that differ.
func waitForStart(before, after *Policy) []string {
	var names []string
	a, b := reflect.ValueOf(*before), reflect.ValueOf(*after)
	for i, name := range Members() {
		if slices.Contains(atStart, name) && !a.Field(i).Equal(b.Field(i)) {
			names = append(names, name)
		}
	}
	return names
}

// Problem says why what the places hold now is not in force; nil where it is.
func (s *Store) Problem() error {
	s.Current()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}
