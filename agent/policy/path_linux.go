package policy

import "syscall"

// MachinePath is where the administrator puts the machine's policy.
func MachinePath() string { return "/etc/odnowa/agent.json" }

func defaultServiceSocket() string { return "/run/odnowa-agent/agent.sock" }

func defaultStateDir() string { return "/var/lib/odnowa-agent" }

func times(st *syscall.Stat_t) (modified, changed syscall.Timespec) { return st.Mtim, st.Ctim }
