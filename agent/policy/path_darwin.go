package policy

// MachinePath is where the administrator puts the machine's policy.
func MachinePath() string { return "/Library/Application Support/Odnowa/agent.json" }

func defaultServiceSocket() string { return "/var/run/odnowa-agent/agent.sock" }

func defaultStateDir() string { return "/Library/Application Support/Odnowa/state" }
