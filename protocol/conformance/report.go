package conformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Write writes the report for people: of these outcomes, every failure with what was expected, what came
// and what to do, every check that was skipped with the reason; then the sums.
func (r *Report) Write(w io.Writer, of ...Outcome) error {
	var b strings.Builder
	for _, x := range r.Results {
		if !slices.Contains(of, x.Outcome) {
			continue
		}
		switch x.Outcome {
		case Passed:
			fmt.Fprintf(&b, "passed   %s\n", x.ID)
		case Skipped:
			fmt.Fprintf(&b, "skipped  %s\n           %s\n", x.ID, x.Reason)
		case Failed:
			fmt.Fprintf(&b, "FAILED   %s\n           rule      %s\n           source    %s\n", x.ID, x.Rule, x.Source)
			if x.Request != "" {
				fmt.Fprintf(&b, "           request   %s\n", x.Request)
			}
			if x.Expected != "" {
				fmt.Fprintf(&b, "           expected  %s\n", x.Expected)
			}
			fmt.Fprintf(&b, "           got       %s\n           cure      %s\n", x.Got, x.Cure)
		}
	}
	fmt.Fprintf(&b, "%s: %d passed, %d failed, %d skipped\n", r.Server, r.Count(Passed), r.Count(Failed), r.Count(Skipped))
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteList writes all checks: a table in Markdown for each scene.
func WriteList(w io.Writer) error {
	var b strings.Builder
	table := func(title, about string, checks []Check) {
		fmt.Fprintf(&b, "### %s\n\n%s\n\n| check | rule | source |\n| --- | --- | --- |\n", title, about)
		for _, c := range checks {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.ID, c.Rule, c.Source)
		}
		b.WriteString("\n")
	}
	table("Every exchange", "These look at every answer of the API that a run gets.", watches)
	table("In passing", "These are looked at by several scenes, in every place that fits.", probes())
	for _, s := range scenes {
		table("Scene "+s.name, strings.ToUpper(s.about[:1])+s.about[1:]+".", s.listed())
	}
	_, err := io.WriteString(w, b.String())
	return err
}
