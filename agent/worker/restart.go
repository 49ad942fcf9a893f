package worker

import "time"

// Restart ends the child, after a call under way; the next call starts another. A module that failed lately
// is tried again at once.
func (w *Worker) Restart() {
	<-w.turn
	defer func() { w.turn <- struct{}{} }()
	if w.life.Err() != nil {
		return
	}
	w.drop()
	w.failedAt = time.Time{}
}
