//go:build linux

// Command bench measures the agent against its figures: make bench-agent. Everything is measured in one run,
// side by side with what it is compared with, on real parts (SoftHSM, the program as it is shipped), and
// given as medians. The exit code is 1 when a figure is missed.
//
// It plays the browser, and the person by a pinentry that answers at once (testdata/pinentry.c), whose time is measured
// alone (person.go) and taken off.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// figure is a line of the table. Value and target are in the unit; a target of -1 is for information.
type figure struct {
	name          string
	value, target float64
	unit, remark  string
}

func main() {
	agent := flag.String("agent", "build/bin/odnowa-agent", "the `program` to measure")
	idle := flag.Duration("idle", 30*time.Second, "how long to look at the idle processes")
	only := flag.String("only", "", "measure `host`, list, sign or idle alone")
	flag.Parse()
	if err := run(*agent, *only, *idle); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}

func run(agent, only string, idle time.Duration) error {
	path, err := filepath.Abs(agent)
	if err != nil {
		return err
	}
	var figures []figure
	err = withRig(path, func(r *rig) error {
		for _, part := range []struct {
			name    string
			measure func(*rig) ([]figure, error)
		}{
			{"host", hostFigures}, {"list", listFigures}, {"sign", signFigures},
			{"idle", func(r *rig) ([]figure, error) { return idleFigures(r, idle) }},
		} {
			if only != "" && only != part.name {
				continue
			}
			some, err := part.measure(r)
			if err != nil {
				return err
			}
			figures = append(figures, some...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if missed := print(figures); missed > 0 {
		fmt.Printf("%d missed\n", missed)
		os.Exit(1)
	}
	return nil
}

func print(figures []figure) (missed int) {
	fmt.Printf("%-58s %9s %9s\n", "", "median", "target")
	for _, f := range figures {
		target, verdict := "", ""
		if f.target >= 0 {
			target, verdict = fmt.Sprintf("%.1f", f.target), "ok"
			if f.value > f.target {
				verdict = "MISSED"
				missed++
			}
		}
		fmt.Printf("%-58s %9.2f %9s %-4s %-7s %s\n", f.name, f.value, target, f.unit, verdict, f.remark)
	}
	return missed
}

func median[T cmp.Ordered](all []T) T {
	all = slices.Clone(all)
	slices.Sort(all)
	return all[len(all)/2]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// spread is the fastest and the slowest of the middle nine tenths.
func spread(all []time.Duration) string {
	all = slices.Clone(all)
	slices.Sort(all)
	return fmt.Sprintf("%.2f to %.2f, %d times", ms(all[len(all)/20]), ms(all[len(all)-1-len(all)/20]), len(all))
}
