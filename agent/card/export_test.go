package card

// Looked says whether PC/SC has been looked at, by a watch that runs.
func Looked(s *Store) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readers != nil
}
