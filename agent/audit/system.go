package audit

import (
	"fmt"
	"time"
)

// systemPatience is how long a record waits for the system's log. The file has it by then.
const systemPatience = 2 * time.Second

// tell hands a record to the system's log, which may hang: then it is left alone until it has taken what it
// was given.
func (l *File) tell(n uint64, hash string, r Record) {
	if l.System == nil {
		return
	}
	select {
	case l.telling <- struct{}{}:
	default:
		return // still hanging
	}
	told := make(chan struct{})
	go func() {
		l.System.Record(n, hash, r)
		<-l.telling
		close(told)
	}()
	timer := time.NewTimer(systemPatience)
	defer timer.Stop()
	select {
	case <-told:
	case <-timer.C:
	}
}

// systemLine has what the file's line has, and the line's hash.
func systemLine(n uint64, hash string, r Record) string {
	return fmt.Sprintf("audit n=%d hash=%s user=%q action=%q origin=%q certificate=%s digest=%s outcome=%s",
		n, hash, r.User, r.Action, r.Origin, r.Certificate, r.Digest, r.Outcome)
}
