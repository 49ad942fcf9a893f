//go:build windows && wine

package local

import (
	"context"

	"github.com/Microsoft/go-winio"
)

// Wine 8 ignores that an instance is to be the first (FILE_CREATE), and lets clients connect to the one
// that go-winio makes only to hold the name, where nobody would serve them. This is for tests alone.

// claim refuses a name that somebody listens on already.
func claim(name string) error {
	conn, err := dialPrivate(context.Background(), name)
	if err != nil {
		return nil
	}
	conn.Close()
	return ErrRunning
}

// claimed takes the instance that holds the name, for as long as the process runs.
func claimed(name string) error {
	conn, err := winio.DialPipeAccessImpLevel(context.Background(), name, clientAccess, winio.PipeImpLevelAnonymous)
	if err == nil {
		held = append(held, conn)
	}
	return err
}

var held []any // open until the process ends
