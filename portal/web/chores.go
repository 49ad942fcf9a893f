package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/portal/link"
	"github.com/odnowa/odnowa/portal/renewal"
)

// choresEvery is how often the portal looks whether it owes issuer or SAM something.
const choresEvery = 15 * time.Second

// chores does what must be done though no browser asks: tells issuer and SAM what has become void,
// and finishes confirmed renewals. All of it is repeatable, so that several portals may do it at a
// time, and all of it stands in the database, so that nothing is lost in a crash.
type chores struct {
	server *server
	wake   chan struct{}
}

// soon has the chores done now.
func (c *chores) soon() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run does the chores until ctx is over.
func (c *chores) run(ctx context.Context) error {
	tick := time.NewTicker(choresEvery)
	defer tick.Stop()
	for {
		if err := c.once(ctx); err != nil && ctx.Err() == nil {
			c.server.log.Error("chores", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		case <-tick.C:
		}
	}
}

func (c *chores) once(ctx context.Context) error {
	return errors.Join(c.voids(ctx), c.unfinished(ctx))
}

func (c *chores) voids(ctx context.Context) error {
	s := c.server
	list, err := s.store.Voids(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range list {
		if err := c.tell(ctx, v); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, s.store.Voided(ctx, v))
	}
	return errors.Join(errs...)
}

// tell makes one thing void. What does not exist, or was finished, cannot become void: that is as
// done as it gets.
func (c *chores) tell(ctx context.Context, v renewal.Void) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var err error
	if v.Kind == renewal.VoidApplication {
		err = c.server.issuer.Void(ctx, v.Subject)
	} else {
		err = c.server.sam.Void(ctx, v.Subject)
	}
	var p *link.Problem
	if errors.As(err, &p) && (p.Status == http.StatusNotFound || p.Status == http.StatusConflict || p.Status == http.StatusGone) {
		return nil
	}
	return err
}

func (c *chores) unfinished(ctx context.Context) error {
	s := c.server
	ids, err := s.store.Unfinished(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		r, err := s.store.ByID(ctx, id)
		if err == nil {
			_, err = s.finish(ctx, r)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
