//go:build !linux

package pivtest

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// Elsewhere the package compiles only.

func socketPair() (*net.UnixConn, *os.File, error) {
	return nil, nil, errors.New("the virtual card needs Linux")
}

func ordinary() *syscall.SysProcAttr { return nil }

func inherited(int) string { return "" }
