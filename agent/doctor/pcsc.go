package doctor

// PCSCState is what is known of the system's service for cards.
type PCSCState struct {
	Reachable bool
	Refused   bool // it runs and does not let this user in
}
