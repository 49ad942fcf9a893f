package worker

import "golang.org/x/sys/unix"

// harden keeps the PIN out of core dumps. RLIMIT_CORE alone does not: where /proc/sys/kernel/core_pattern
// is a pipe, the limit is left to the program behind it (core(5)), and only a process that is not
// dumpable is never dumped. That also keeps the user's other processes from attaching to this one.
func harden() error {
	if err := noCore(); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
