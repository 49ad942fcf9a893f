package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/renewal"
)

const (
	// maxStreams is how many browsers' tabs may watch one renewal.
	maxStreams = 8
	// lookAgain bounds waiting for a change: another portal on the same database is not heard.
	lookAgain = 20 * time.Second
	// pauseAfterFailure is between two questions when the SAM can't be reached.
	pauseAfterFailure = 3 * time.Second
)

// follower asks the SAM about the phones of those renewals that somebody watches: one long poll a
// renewal, however many watch it. What it learns goes through the store, which tells the watchers.
type follower struct {
	store *renewal.Store
	sam   samAPI
	log   *zap.Logger

	mu sync.Mutex
	// mu guards the fields that follow.
	followed map[string]*followed
}

type followed struct {
	watchers int
	stop     context.CancelFunc
}

// follow follows a renewal's phone until release is called; ok is false where too many do.
func (f *follower) follow(id string) (release func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.followed[id]
	if x == nil {
		ctx, cancel := context.WithCancel(context.Background())
		x = &followed{stop: cancel}
		if f.followed == nil {
			f.followed = map[string]*followed{}
		}
		f.followed[id] = x
		go f.run(ctx, id)
	}
	if x.watchers == maxStreams {
		return nil, false
	}
	x.watchers++
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if x.watchers--; x.watchers == 0 {
			x.stop()
			delete(f.followed, id)
		}
	}), true
}

func (f *follower) run(ctx context.Context, id string) {
	changed, stop := f.store.Watch(id)
	defer stop()
	for ctx.Err() == nil {
		r, err := f.store.ByID(ctx, id)
		if err == nil && hasPhone(r) {
			err = f.ask(ctx, r)
			if err == nil {
				continue
			}
		}
		pause := lookAgain
		if err != nil && ctx.Err() == nil {
			f.log.Warn("following a phone", zap.String("renewal", id), zap.Error(err))
			pause = pauseAfterFailure
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(pause):
		}
	}
}

// hasPhone tells whether there is anything to learn about the phone.
func hasPhone(r *renewal.Renewal) bool {
	return slices.Index(renewal.States, r.State) >= slices.Index(renewal.States, renewal.ApplicationSigned) &&
		r.Phone.State != renewal.PhoneActive && r.Phone.State != renewal.PhoneVoid
}

// ask waits for news from the SAM and stores it.
func (f *follower) ask(ctx context.Context, r *renewal.Renewal) error {
	ctx, cancel := context.WithTimeout(ctx, samWait+callTimeout)
	defer cancel()
	e, err := f.sam.Wait(ctx, r.Application.Enrolment, r.Phone.Version, samWait)
	if err != nil || e.Version <= r.Phone.Version {
		return err
	}
	_, err = f.store.SeePhone(ctx, r.ID, r.Application.Enrolment, e.phone())
	if faultOf(err).code == WrongState {
		return nil // withdrawn meanwhile, or somebody else saw it first
	}
	return err
}
