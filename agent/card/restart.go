package card

// Restart lets all modules end and start anew at the next call. What they hold of readers and cards is not to
// be relied on once the computer has slept, or a remote desktop has come back with other readers. A signature
// under way ends first, as it does in its deadline.
func (s *Store) Restart() {
	for _, m := range s.usable() {
		go m.worker.Restart()
	}
}
