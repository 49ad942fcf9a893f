package renewal

import "sync"

// hub tells those who watch a renewal in this process that it has changed. Other processes on the
// same database are not heard: watchers must also look by themselves now and then.
type hub struct {
	mu sync.Mutex
	// mu guards the fields that follow.
	watchers map[string]map[chan struct{}]struct{}
}

// Watch gives a channel that gets a value after changes of the renewal with this id; several
// changes may come as one. Stop must be called.
func (s *Store) Watch(id string) (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	h := &s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = map[string]map[chan struct{}]struct{}{}
	}
	if h.watchers[id] == nil {
		h.watchers[id] = map[chan struct{}]struct{}{}
	}
	h.watchers[id][ch] = struct{}{}
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[id], ch)
		if len(h.watchers[id]) == 0 {
			delete(h.watchers, id)
		}
	}
}

func (h *hub) tell(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.watchers[id] {
		select {
		case ch <- struct{}{}:
		default: // one is waiting already
		}
	}
}
