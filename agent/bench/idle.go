//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// idleFigures: memory and processor time of all processes of the agent, and the program's size.
func idleFigures(r *rig, idle time.Duration) ([]figure, error) {
	_, stopService, err := r.start("service")
	if err != nil {
		return nil, err
	}
	defer stopService()
	_, stop, err := r.start("session")
	if err != nil {
		return nil, err
	}
	defer stop()
	b, err := r.greeted()
	if err != nil {
		return nil, err
	}
	body, err := request(bridge.MethodListCertificate, bridge.ListParams{Caller: caller})
	if err != nil {
		return nil, err
	}
	if _, err := b.exchange(body); err != nil {
		return nil, err
	}
	connected, pss, names, err := r.watch(idle)
	if err != nil {
		return nil, err
	}
	b.close()
	time.Sleep(time.Second)
	alone, pssAlone, _, err := r.watch(idle)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(r.agent)
	if err != nil {
		return nil, err
	}
	return []figure{
		{"memory of all processes, a browser connected (PSS)", pss, 30, "MB", names},
		{"memory of all processes, no browser (PSS)", pssAlone, 30, "MB", ""},
		{"processor time, a browser connected", connected, 0.05, "%", fmt.Sprintf("over %v; 0.0 when rounded", idle)},
		{"processor time, no browser", alone, 0.05, "%", ""},
		{"size of the program", float64(info.Size()) / 1e6, 15, "MB", ""},
	}, nil
}

// watch gives the processor's time in per cent and the memory in MB of the agent's processes.
func (r *rig) watch(idle time.Duration) (cpu, pss float64, names string, err error) {
	pids, err := r.processes()
	if err != nil {
		return 0, 0, "", err
	}
	before, err := ticks(pids)
	if err != nil {
		return 0, 0, "", err
	}
	time.Sleep(idle)
	after, err := ticks(pids)
	if err != nil {
		return 0, 0, "", err
	}
	const perSecond = 100 // USER_HZ, the same on every Linux
	cpu = float64(after-before) / perSecond / idle.Seconds() * 100
	for _, pid := range pids {
		kb, err := pssOf(pid)
		if err != nil {
			return 0, 0, "", err
		}
		pss += kb / 1e3
		role, _ := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
		words := strings.Split(string(role), "\x00")
		names += fmt.Sprintf("%.12s %.1f, ", words[1], kb/1e3)
	}
	return cpu, pss, strings.TrimSuffix(names, ", "), nil
}

// processes are those whose program is the agent.
func (r *rig) processes() ([]string, error) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, err
	}
	var pids []string
	for _, link := range links {
		environment, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "environ"))
		if target, err := os.Readlink(link); err == nil && target == r.agent && strings.Contains(string(environment), r.dir) {
			pids = append(pids, filepath.Base(filepath.Dir(link)))
		}
	}
	return pids, nil
}

// ticks is the processor time of processes in ticks (proc(5), stat: utime and stime).
func ticks(pids []string) (sum int, err error) {
	for _, pid := range pids {
		data, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		for _, at := range []int{11, 12} {
			n, err := strconv.Atoi(fields[at])
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}

// pssOf is a process's share of the memory in kB.
func pssOf(pid string) (float64, error) {
	f, err := os.Open(filepath.Join("/proc", pid, "smaps_rollup"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "Pss:"); ok {
			return strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
		}
	}
	return 0, fmt.Errorf("process %s has no Pss", pid)
}
