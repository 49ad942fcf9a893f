package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/odnowa/odnowa/portal/renewal"
	"github.com/odnowa/odnowa/portal/web"
	"github.com/odnowa/odnowa/protocol/conformance"
)

// kit is the conformance kit as web teams run it, with the configuration that the sandbox makes and
// another pinned key.
type kit struct {
	program string
	config  map[string]any
	dir     string // of the configuration
	pinned  *ecdsa.PrivateKey
}

func (w *world) kit() *kit {
	w.t.Helper()
	k := &kit{program: filepath.Join(w.dir, "odnowa-conformance"), pinned: newCard().key}
	if out, err := exec.Command("go", "build", "-o", k.program, "../../../protocol/conformance/cmd/odnowa-conformance").CombinedOutput(); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(w.program(), "sandbox", "conformance", "--dir", w.box.Dir).Output()
	w.must(err)
	path := strings.TrimSpace(string(out))
	k.dir = filepath.Dir(path)
	b, err := os.ReadFile(path)
	w.must(err)
	w.must(json.Unmarshal(b, &k.config))
	der, err := x509.MarshalPKIXPublicKey(k.pinned.Public())
	w.must(err)
	w.must(os.WriteFile(filepath.Join(k.dir, "pinned.pem"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
	k.config["sealKeys"] = append(k.config["sealKeys"].([]any), "pinned.pem")
	return k
}

// write writes a configuration with some members changed, and gives its path.
func (k *kit) write(name string, change map[string]any) (string, error) {
	c := maps.Clone(k.config)
	maps.Copy(c, change)
	b, err := json.Marshal(c)
	path := filepath.Join(k.dir, name+".json")
	return path, errors.Join(err, os.WriteFile(path, b, 0o600))
}

// run runs the kit; its exit code has to say what its report says.
func (k *kit) run(ctx context.Context, path string, args ...string) (*conformance.Report, error) {
	out, err := exec.CommandContext(ctx, k.program, append([]string{"--json", "--config", path}, args...)...).Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return nil, err
	}
	r := &conformance.Report{}
	if fault := json.Unmarshal(out, r); fault != nil {
		return nil, fault
	}
	if (err != nil) != (r.Count(conformance.Failed) > 0) {
		return nil, fmt.Errorf("exit code %v with %d failures", err, r.Count(conformance.Failed))
	}
	return r, nil
}

// TestConformance: our own portal passes the kit, with nothing left out but what plain HTTP leaves out and
// the limit of tries, which has its own row below.
func TestConformance(t *testing.T) {
	w := newWorld(t)
	k := w.kit()
	path, err := k.write("all", nil)
	w.must(err)
	report, err := k.run(t.Context(), path)
	w.must(err)
	if len(report.Results) != len(conformance.Checks()) {
		t.Errorf("%d results of %d checks", len(report.Results), len(conformance.Checks()))
	}
	for _, r := range report.Results {
		if r.Outcome != conformance.Passed && r.ID != "site.hsts" && r.ID != "limits.tries" {
			t.Errorf("%s: %s: expected %s, got %s %s", r.ID, r.Outcome, r.Expected, r.Got, r.Reason)
		}
		if slices.ContainsFunc(personal, func(s string) bool { return strings.Contains(r.Request+r.Expected+r.Got+r.Reason, s) }) {
			t.Errorf("%s: the report tells of the person", r.ID)
		}
	}
}

// TestFaults: in front of our portal something does one thing wrong, and the kit says which. Every check
// has a row, so none is there that cannot fail.
func TestFaults(t *testing.T) {
	w := newWorld(t)
	k := w.kit()
	rows := slices.Concat(exchangeFaults, siteFaults, doorFaults, stepFaults(), applicationFaults, sealFaults, otherFaults, issueFaults)
	reports, errs := make([]*conformance.Report, len(rows)), make([]error, len(rows))
	codes := w.sellMany(len(rows))
	var some errgroup.Group
	some.SetLimit(4) // they wait for the portal most of the time
	for i, row := range rows {
		some.Go(func() error {
			reports[i], errs[i] = (&proxy{w: w, kit: k, row: row, nth: i}).run(t.Context(), codes[i])
			return nil
		})
	}
	w.must(some.Wait())
	seen := map[string]bool{}
	for i, row := range rows {
		seen[row.check] = true
		t.Run(row.check, func(t *testing.T) {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			want := append([]string{row.check}, row.also...)
			slices.Sort(want)
			if got := failures(reports[i]); !slices.Equal(got, want) {
				var text bytes.Buffer
				reports[i].Write(&text, conformance.Failed) //nolint:errcheck // a buffer takes all
				t.Errorf("failed %v, want %v\n%s", got, want, text.Bytes())
			}
		})
	}
	for _, c := range conformance.Checks() {
		if !seen[c.ID] {
			t.Errorf("%s: no row shows that it can fail", c.ID)
		}
	}
}

// sellMany sells codes without a process for each.
func (w *world) sellMany(n int) (codes []string) {
	w.t.Helper()
	c, err := web.LoadConfig(w.box.Configs.Portal)
	w.must(err)
	store, err := renewal.OpenStore(w.t.Context(), c.Database, c.CodeKey)
	w.must(err)
	for range n {
		code, err := store.CreateCode(w.t.Context(), renewal.Offer{Months: 24, Target: renewal.TargetCloud})
		w.must(err)
		codes = append(codes, code)
		w.secrets = append(w.secrets, code, strings.ReplaceAll(code, "-", ""))
	}
	w.must(store.Close())
	return codes
}

// TestConformanceByHand: a person with a phone is asked for what the kit can't do; without one, and without
// what else may be left out, the report says what was not looked at, and why.
func TestConformanceByHand(t *testing.T) {
	w := newWorld(t)
	path, err := w.kit().write("by-hand", nil)
	w.must(err)
	c, err := conformance.LoadConfig(path)
	w.must(err)
	c.Phone = conformance.Phone{WaitSeconds: 60}
	c.Prompt = writer(func(text string) {
		w.phone().enrol(text[strings.Index(text, "http"):strings.LastIndex(text, "\n")])
	})
	report, err := conformance.Run(t.Context(), c, "issue")
	w.must(err)
	if n := report.Count(conformance.Passed); n < 40 || len(failures(report)) != 0 {
		t.Errorf("by hand: %d passed, failed %v", n, failures(report))
	}

	c, err = conformance.LoadConfig(path)
	w.must(err)
	c.Phone, c.Refused, c.Codes = conformance.Phone{}, nil, conformance.Codes{Fresh: w.sell()}
	report, err = conformance.Run(t.Context(), c)
	w.must(err)
	reasons := map[string]string{"code.expired": "codes.expired", "code.unknown": "codes.unknown", "phone.ready": "no phone", "issue.once": "no phone"}
	for _, r := range report.Results {
		if want := reasons[r.ID]; want != "" && (r.Outcome != conformance.Skipped || !strings.Contains(r.Reason, want)) {
			t.Errorf("%s: %s, %q, want it skipped for %q", r.ID, r.Outcome, r.Reason, want)
		}
	}
	if got := failures(report); len(got) != 0 {
		t.Errorf("with little to go by: failed %v", got)
	}
}

type writer func(string)

func (w writer) Write(b []byte) (int, error) { w(string(b)); return len(b), nil }

func failures(r *conformance.Report) (ids []string) {
	for _, x := range r.Results {
		if x.Outcome == conformance.Failed {
			ids = append(ids, x.ID)
		}
	}
	slices.Sort(ids)
	return ids
}
