package session

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/audit"
	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/agent/local"
	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	// redial is the pause before the service is dialled again.
	redial = 500 * time.Millisecond
	// auditTimeout bounds the wait until the service has written a record.
	auditTimeout = 5 * time.Second
)

// Link is a session's standing connection to the service. While it stands, the service runs; audit
// records go over it.
type Link struct {
	// Changed, where set before Run, is called when the service has come (up) or gone, each call after the one before
	// has returned. It must return at once, since the link waits for it.
	Changed func(up bool)

	socket  string
	started time.Time
	log     *zap.Logger

	tried   func()        // closes first
	first   chan struct{} // closed once the service was reached, or could not be
	writing sync.Mutex    // held for the length of a Write

	mu sync.Mutex // guards the field that follows
	up *linked    // nil while the service cannot be reached
}

// linked is one connection. answers closes when the connection is gone.
type linked struct {
	ch      *frame.Channel
	answers chan frame.AuditAnswer
}

// NewLink makes a link to the service at socket; Run connects it.
func NewLink(socket string, log *zap.Logger) *Link {
	first := make(chan struct{})
	return &Link{socket: socket, started: time.Now(), log: log, first: first, tried: sync.OnceFunc(func() { close(first) })}
}

// Up says whether the service runs. Right after the session's start it waits until that is known.
func (l *Link) Up() bool {
	<-l.first
	return l.current() != nil
}

func (l *Link) current() *linked {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up
}

// Run keeps the link connected until ctx ends.
func (l *Link) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := l.connect(ctx)
		l.tried()
		if errors.Is(err, local.ErrPeer) {
			l.log.Error("the service's socket belongs to somebody else", zap.Error(err))
		}
		pause(ctx, redial)
	}
	return nil
}

// connect serves one connection until it ends.
func (l *Link) connect(ctx context.Context) error {
	conn, err := local.DialShared(ctx, l.socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	ch := frame.NewChannel(conn, frame.MaxPreface)
	if err := ch.SendJSON(frame.Preface{Role: frame.RoleLink, StartedMs: l.started.UnixMilli()}); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(prefaceTimeout)); err != nil {
		return err
	}
	var welcome frame.Welcome
	if err := ch.RecvJSON(&welcome); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	up := &linked{ch: ch, answers: make(chan frame.AuditAnswer, 1)}
	l.set(up)
	l.tried()
	l.log.Info("service reached", zap.String("serviceVersion", welcome.Version))
	defer func() {
		l.set(nil)
		close(up.answers)
		l.log.Info("service gone")
	}()
	for {
		var a frame.AuditAnswer
		if err := ch.RecvJSON(&a); err != nil {
			return err
		}
		select {
		case up.answers <- a:
		default:
			return errors.New("the service answered what was not asked")
		}
	}
}

func (l *Link) set(up *linked) {
	l.mu.Lock()
	l.up = up
	l.mu.Unlock()
	if l.Changed != nil {
		l.Changed(up != nil)
	}
}

// Write has the service write a record; it answers when that is done.
func (l *Link) Write(r audit.Record) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	up := l.current()
	if up == nil {
		return bridge.Errorf(bridge.CodeServiceStopped, nil)
	}
	if err := up.ch.SendJSON(r); err != nil {
		return bridge.Errorf(bridge.CodeServiceStopped, err)
	}
	timer := time.NewTimer(auditTimeout)
	defer timer.Stop()
	select {
	case a, ok := <-up.answers:
		if !ok {
			return bridge.Errorf(bridge.CodeServiceStopped, nil)
		}
		if !a.Written {
			return bridge.Errorf(cmp.Or(a.Code, bridge.CodeAuditFailed), errors.New("the service did not write the audit record"))
		}
		return nil
	case <-timer.C:
		up.ch.Close() // a late answer must not be taken for the next record's
		return bridge.Errorf(bridge.CodeServiceStopped, errors.New("no answer"))
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
