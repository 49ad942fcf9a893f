package policy

// MachinePath is where the administrator puts the machine's policy.
func MachinePath() string { return "/etc/odnowa/agent.json" }

func defaultServiceSocket() string { return "/run/odnowa-agent/agent.sock" }

func defaultStateDir() string { return "/var/lib/odnowa-agent" }
