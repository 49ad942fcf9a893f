//go:build unix

package subprocess

// workingDirectory is where relative paths would be looked up: nowhere a user writes.
func workingDirectory() string { return "/" }
