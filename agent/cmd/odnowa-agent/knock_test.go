package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/odnowa/odnowa/agent/frame"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// knockCommand is the argument by which the test binary plays a program that tries a session's socket without
// being anybody's native host.
const knockCommand = "knock"

// knock prints what came of it: "denied" by the folder, "closed" by the session, or the session's answer.
func knock(socket string) int {
	conn, err := net.Dial("unix", socket)
	if errors.Is(err, syscall.EACCES) {
		fmt.Println("denied")
		return 0
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	preface, _ := json.Marshal(frame.Preface{Role: frame.RoleHost, Browser: frame.Chromium, Extension: testExtension})
	hello, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": "1", "method": bridge.MethodHello,
		"params": bridge.HelloParams{Caller: bridge.Caller{Origin: testOrigin}, Versions: []int{1}}})
	_ = frame.Write(conn, preface) // it may be closed by now: reading tells
	_ = frame.Write(conn, hello)
	answer, err := frame.Read(conn, bridge.MaxMessage)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		fmt.Println("closed")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(string(answer))
	}
	return 0
}
