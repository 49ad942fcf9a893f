package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/odnowa/odnowa/portal/renewal"
)

// keepAlive is how often a comment goes through a quiet stream, so that no proxy closes it and a
// browser that has gone is noticed.
const keepAlive = 20 * time.Second

// WatchRenewal implements the contract's watchRenewal.
func (s *server) WatchRenewal(ctx context.Context, _ WatchRenewalRequestObject) (WatchRenewalResponseObject, error) {
	r, session, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	release, ok := s.follow.follow(r.ID)
	if !ok {
		return nil, refuse(InvalidRequest)
	}
	return &stream{server: s, ctx: ctx, session: session, id: r.ID, release: release}, nil
}

// stream is one client's server-sent events. It ends with the request, with the session, and when
// the portal stops.
type stream struct {
	server      *server
	ctx         context.Context
	session, id string
	release     func()
	sent        int64 // version
}

func (st *stream) VisitWatchRenewalResponse(w http.ResponseWriter) error {
	defer st.release()
	changed, stop := st.server.store.Watch(st.id)
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		over, err := st.news(w)
		if err != nil || over {
			return nil // nothing can be answered any more: the browser asks again, or has gone
		}
		select {
		case <-st.ctx.Done():
			return nil
		case <-changed:
		case <-alive.C:
			if st.write(w, []byte(": still here\n\n")) != nil {
				return nil
			}
		}
	}
}

// news sends the renewal if it has changed since; over tells that the session carries it no longer.
func (st *stream) news(w http.ResponseWriter) (over bool, err error) {
	r, err := st.server.store.Get(st.ctx, st.session)
	if errors.Is(err, renewal.ErrNoSession) || err == nil && r.ID != st.id {
		return true, nil
	}
	if err != nil || r.Version == st.sent {
		return false, err
	}
	out, err := st.server.present(r)
	if err != nil {
		return false, err
	}
	data, err := json.Marshal(out)
	if err != nil {
		return false, fmt.Errorf("encoding event: %w", err)
	}
	var event bytes.Buffer
	fmt.Fprintf(&event, "event: renewal\nid: %d\ndata: %s\n\n", r.Version, data)
	st.sent = r.Version
	return false, st.write(w, event.Bytes())
}

// write sends at once and gives the client so long to take it.
func (st *stream) write(w http.ResponseWriter, b []byte) error {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(keepAlive)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	return c.Flush()
}
