package frame

import "github.com/odnowa/odnowa/protocol/bridge"

// Role says what a connection on one of the agent's sockets is for.
type Role string

// The roles. Who may take which is decided by the socket: RoleHost on the session's, RoleLink and
// RoleIdle from a session to the service's, RoleWebSocket and RolePair from the service to the
// session over an idle connection.
const (
	RoleHost      Role = "host"
	RoleLink      Role = "link"
	RoleIdle      Role = "idle"
	RoleWebSocket Role = "websocket"
	RolePair      Role = "pair"
)

// Browser is the family of browsers that names its extensions in one way.
type Browser string

// The families.
const (
	Chromium Browser = "chromium"
	Firefox  Browser = "firefox"
)

// MaxPreface is the most bytes of a preface, and of anything that is not the bridge protocol.
const MaxPreface = 16 << 10

// Preface is the first frame of a connection on one of the agent's sockets. With RoleHost and
// RoleWebSocket the bridge protocol follows it.
type Preface struct {
	Role Role `json:"role"`
	// Browser and Extension name the caller: the id as the browser gives it.
	Browser   Browser `json:"browser,omitempty"`
	Extension string  `json:"extension,omitempty"`
	// StartedMs is when the session began, in milliseconds since 1970, with RoleLink only. Where a user has
	// several, browsers go to the latest.
	StartedMs int64 `json:"startedMs,omitempty"`
	// Code is what a pairing browser shows: six digits, with RolePair only.
	Code string `json:"code,omitempty"`
}

// PairAnswer answers RolePair: whether the person said that both codes are the same.
type PairAnswer struct {
	// Code is empty when the person said yes, else why not.
	Code bridge.Code `json:"code,omitempty"`
}

// AuditAnswer answers each record that a session sends over its link.
type AuditAnswer struct {
	Written bool `json:"written"`
	// Code is why it was not written, and empty when it was.
	Code bridge.Code `json:"code,omitempty"`
}

// Welcome answers RoleLink: the service knows the session from now on.
type Welcome struct {
	Version string `json:"version"`
}
