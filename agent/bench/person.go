//go:build linux

package main

import (
	"bufio"
	"io"
	"os/exec"
	"strings"
)

// talk has the conversation that the agent has for one signature, without the agent: what it takes is the
// window's and the person's time.
func (r *rig) talk(env []string) error {
	cmd := exec.Command(r.dir+"/pinentry", "--display", ":99")
	cmd.Env = env
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	answers := bufio.NewScanner(out)
	read := func() error {
		for answers.Scan() {
			if strings.HasPrefix(answers.Text(), "OK") {
				return nil
			}
		}
		return io.ErrUnexpectedEOF
	}
	if err := read(); err != nil {
		return err
	}
	for _, command := range []string{
		"OPTION lc-ctype=C.UTF-8", "RESET", "SETTITLE a", "SETDESC a", "SETOK a", "SETCANCEL a", "SETNOTOK a", "CONFIRM",
		"RESET", "SETTITLE a", "SETDESC a", "SETOK a", "SETCANCEL a", "SETPROMPT a", "GETPIN",
	} {
		if _, err := io.WriteString(in, command+"\n"); err != nil {
			return err
		}
		if err := read(); err != nil {
			return err
		}
	}
	in.Close()
	cmd.Process.Kill()
	cmd.Wait()
	return nil
}
