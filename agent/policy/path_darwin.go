package policy

import "syscall"

// MachinePath is where the administrator puts the machine's policy.
func MachinePath() string { return "/Library/Application Support/Odnowa/agent.json" }

func defaultServiceSocket() string { return "/var/run/odnowa-agent/agent.sock" }

func defaultStateDir() string { return "/Library/Application Support/Odnowa/state" }

func times(st *syscall.Stat_t) (modified, changed syscall.Timespec) {
	return st.Mtimespec, st.Ctimespec
}
