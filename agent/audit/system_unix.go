//go:build unix

package audit

import (
	"fmt"
	"log/syslog"
)

// OpenSystem gives the system's log (syslog, which journald reads too; facility auth, since others than
// administrators need not see it). It is nil where the system has none.
func OpenSystem() System {
	w, err := syslog.New(syslog.LOG_AUTHPRIV|syslog.LOG_NOTICE, "odnowa-agent")
	if err != nil {
		return nil
	}
	return &system{w}
}

type system struct{ w *syslog.Writer }

func (s *system) Record(n uint64, hash string, r Record) {
	_ = s.w.Notice(systemLine(n, hash, r)) // it dials again by itself; the file is the record
}

// systemLine has what the file's line has, and the line's hash.
func systemLine(n uint64, hash string, r Record) string {
	return fmt.Sprintf("audit n=%d hash=%s user=%q action=%q origin=%q certificate=%s digest=%s outcome=%s",
		n, hash, r.User, r.Action, r.Origin, r.Certificate, r.Digest, r.Outcome)
}
