package main

import "golang.org/x/sys/windows"

// harden keeps crashes from being reported with the memory that they happened in.
func harden() error {
	windows.SetErrorMode(windows.SEM_FAILCRITICALERRORS | windows.SEM_NOGPFAULTERRORBOX)
	return nil
}
