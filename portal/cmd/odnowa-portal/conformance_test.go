package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
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

// kit makes the kit's configuration as a web team does, with another pinned key, and gives its path.
func (w *world) kit(another *ecdsa.PrivateKey) string {
	w.t.Helper()
	out, err := exec.Command(w.program(), "sandbox", "conformance", "--dir", w.box.Dir).Output()
	w.must(err)
	path := strings.TrimSpace(string(out))
	b, err := os.ReadFile(path)
	w.must(err)
	var c map[string]any
	w.must(json.Unmarshal(b, &c))
	der, err := x509.MarshalPKIXPublicKey(another.Public())
	w.must(err)
	pinned := filepath.Join(w.dir, "another-seal.pem")
	w.must(os.WriteFile(pinned, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
	c["sealKeys"] = append(c["sealKeys"].([]any), pinned)
	b, err = json.Marshal(c)
	w.must(err)
	w.must(os.WriteFile(path, b, 0o600))
	return path
}

// TestConformance: our own portal passes the kit, run as the command that web teams run, with nothing
// left out but what plain HTTP leaves out and the limit of tries, which has its own row below.
func TestConformance(t *testing.T) {
	w := newWorld(t)
	kit := filepath.Join(w.dir, "odnowa-conformance")
	if out, err := exec.Command("go", "build", "-o", kit, "../../../protocol/conformance/cmd/odnowa-conformance").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(kit, "--config", w.kit(newCard().key), "--json").Output()
	if err != nil {
		t.Errorf("exit code: %v", err)
	}
	var report conformance.Report
	w.must(json.Unmarshal(out, &report))
	if len(report.Results) != len(conformance.Checks()) {
		t.Errorf("%d results of %d checks", len(report.Results), len(conformance.Checks()))
	}
	for _, r := range report.Results {
		if r.Outcome != conformance.Passed && r.ID != "site.hsts" && r.ID != "limits.tries" {
			t.Errorf("%s: %s: expected %s, got %s %s", r.ID, r.Outcome, r.Expected, r.Got, r.Reason)
		}
	}
	if text := string(out); slices.ContainsFunc(personal, func(s string) bool { return strings.Contains(text, s) }) {
		t.Error("the report tells of the person")
	}
}

// TestFaults: in front of our portal something does one thing wrong, and the kit says which. Every check
// has a row, so none is there that cannot fail.
func TestFaults(t *testing.T) {
	w := newWorld(t)
	pinned := newCard().key
	path := w.kit(pinned)
	rows := slices.Concat(exchangeFaults, siteFaults, doorFaults, stepFaults(), applicationFaults, sealFaults, otherFaults, issueFaults)
	reports, errs := make([]*conformance.Report, len(rows)), make([]error, len(rows))
	codes := w.sellMany(len(rows))
	var some errgroup.Group
	some.SetLimit(4) // they wait for the portal most of the time
	for i, row := range rows {
		some.Go(func() error {
			reports[i], errs[i] = (&proxy{w: w, seal: pinned, row: row, nth: i}).run(t.Context(), path, codes[i])
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
	path := w.kit(newCard().key)
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
