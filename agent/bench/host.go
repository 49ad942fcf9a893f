//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// hostFigures: a native host started to agent.hello answered, beside a bare host that echoes.
func hostFigures(r *rig) ([]figure, error) {
	echo := filepath.Join(r.dir, "echo")
	_, here, _, _ := runtime.Caller(0)
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", echo, "./testdata/echo")
	build.Dir = filepath.Dir(here)
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the bare host: %w: %s", err, out)
	}
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
	body, err := hello()
	if err != nil {
		return nil, err
	}
	var ours, bare []time.Duration
	for range 60 {
		for program, times := range map[string]*[]time.Duration{r.agent: &ours, echo: &bare} {
			begin := time.Now()
			b, err := r.browse(program)
			if err != nil {
				return nil, err
			}
			if _, err := b.exchange(body); err != nil {
				return nil, err
			}
			*times = append(*times, time.Since(begin))
			b.close()
			time.Sleep(5 * time.Millisecond)
		}
	}
	return []figure{
		{"bare Go host started to its echo", ms(median(bare)), -1, "ms", spread(bare)},
		{"native host started to agent.hello answered", ms(median(ours)), -1, "ms", spread(ours)},
		{"  more than the bare one", ms(median(ours) - median(bare)), 5, "ms", ""},
	}, nil
}
