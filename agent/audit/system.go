package audit

import "fmt"

// systemLine has what the file's line has, and the line's hash.
func systemLine(n uint64, hash string, r Record) string {
	return fmt.Sprintf("audit n=%d hash=%s user=%q action=%q origin=%q certificate=%s digest=%s outcome=%s",
		n, hash, r.User, r.Action, r.Origin, r.Certificate, r.Digest, r.Outcome)
}
