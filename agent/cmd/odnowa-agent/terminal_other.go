//go:build !linux

package main

// terminalOf gives nothing: windows open in terminals on Linux only.
func terminalOf(stdio) string { return "" }
