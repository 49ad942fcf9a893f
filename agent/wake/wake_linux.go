package wake

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
	"go.uber.org/zap"
)

const (
	logind  = "org.freedesktop.login1"
	manager = logind + ".Manager"
	session = logind + ".Session"
	// properties is where a session tells that it is locked, or shown.
	properties = "org.freedesktop.DBus.Properties"
)

// again is the pause before the system bus is tried once more, where there was none or it has gone.
const again = time.Minute

// rules are the signals of logind that count (org.freedesktop.login1(5)). The bus checks the sender. Sessions of
// other people at the same computer are not told apart: that a worker starts once more does no harm.
var rules = [][]dbus.MatchOption{
	{dbus.WithMatchSender(logind), dbus.WithMatchInterface(manager), dbus.WithMatchMember("PrepareForSleep")},
	{dbus.WithMatchSender(logind), dbus.WithMatchInterface(session), dbus.WithMatchMember("Lock")},
	{dbus.WithMatchSender(logind), dbus.WithMatchInterface(session), dbus.WithMatchMember("Unlock")},
	{dbus.WithMatchSender(logind), dbus.WithMatchInterface(properties), dbus.WithMatchMember("PropertiesChanged"), dbus.WithMatchArg(0, session)},
}

func watch(ctx context.Context, log *zap.Logger, changed func()) {
	for ctx.Err() == nil {
		if err := listen(ctx, log, changed); err != nil && ctx.Err() == nil {
			log.Debug("no word from the login manager", zap.Error(err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// listen serves one connection to the bus until it ends.
func listen(ctx context.Context, log *zap.Logger, changed func()) error {
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, rule := range rules {
		if err := conn.AddMatchSignalContext(ctx, rule...); err != nil {
			return err
		}
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	log.Info("listening to the login manager")
	for s := range signals { // closed with the connection
		if counts(s) {
			log.Info("session changed", zap.String("signal", s.Name))
			changed()
		}
	}
	return nil
}

// counts looks for a session's properties that say something of its person: others change all the time.
func counts(s *dbus.Signal) bool {
	switch s.Name {
	case manager + ".PrepareForSleep", session + ".Lock", session + ".Unlock":
		return true
	case properties + ".PropertiesChanged":
		if len(s.Body) < 2 {
			return false
		}
		values, _ := s.Body[1].(map[string]dbus.Variant)
		_, locked := values["LockedHint"]
		_, active := values["Active"]
		return locked || active
	}
	return false
}
