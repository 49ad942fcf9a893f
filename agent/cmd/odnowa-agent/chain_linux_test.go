package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// TestChain is the whole path on real parts: browser's pipes, native host, session, seal, pinentry
// on a display with a person who types, module worker, SoftHSM, CMS.
func TestChain(t *testing.T) {
	display := startDisplay(t)
	r := newRig(t, func(r *rig) {
		r.policy.Pinentry = need(t, "pinentry-gtk-2", "pinentry-gtk2")
		r.env = append(r.env, "DISPLAY="+display.name)
		r.withService(t)
	})
	r.start(t, "service")
	r.start(t, "session")
	b := r.browse(t, "chrome-extension://"+testExtension+"/")
	if got := b.hello("pl"); got.Version != bridge.Version {
		t.Fatalf("hello: %+v", got)
	}
	var checks bridge.DiagnoseResult
	b.call(bridge.MethodDiagnose, bridge.DiagnoseParams{Caller: testCaller}, &checks)
	for _, c := range checks.Checks {
		if c.State != bridge.CheckOK {
			t.Errorf("diagnose: %+v", c)
		}
	}
	var list bridge.ListResult
	b.call(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller, Filter: bridge.Filter{NonRepudiation: true, Valid: true}}, &list)
	if len(list.Certificates) == 0 {
		t.Fatal("no certificate listed")
	}
	// Clients want lists where the schema says lists.
	_, raw := b.send(bridge.MethodListCertificate, bridge.ListParams{Caller: testCaller})
	if a := b.wait(raw); bytes.Contains(a.Result, []byte("null")) {
		t.Errorf("the list has a null: %s", a.Result)
	}
	certificate := r.card.Certificate(cardtest.Sign)

	application, signed := r.application(t, certificate)
	_, ch := b.send(bridge.MethodCreateSignature, application)
	display.answer(t, "application", "alt+d")
	display.enter(t, "pin-wrong", "000000")
	display.enter(t, "pin-again", r.card.PIN)
	verify(t, b.wait(ch), cades.PAdES, signed, certificate)

	confirmation := r.confirmation(t, certificate)
	_, ch = b.send(bridge.MethodCreateSignature, confirmation)
	display.answer(t, "phone-code", "alt+t")
	display.answer(t, "confirmation", "alt+d")
	display.enter(t, "pin", r.card.PIN)
	verify(t, b.wait(ch), cades.CAdES, confirmation.Document.Bytes, certificate)

	if got, want := r.outcomes(t), []string{"signed", "signed"}; !slices.Equal(got, want) {
		t.Errorf("audit: got %q, want %q", got, want)
	}
	for _, secret := range []string{r.card.PIN, "TESTOWA", "135790", "zaneta@", "W/TEST/1"} {
		if strings.Contains(r.logs(), secret) {
			t.Errorf("log contains %q", secret)
		}
	}
}

func verify(t *testing.T, a answer, p cades.Profile, signed []byte, c cardtest.Certificate) {
	t.Helper()
	if a.Error != nil {
		t.Fatalf("signature.create: %+v", *a.Error)
	}
	var r bridge.SignResult
	if err := bridge.Decode(a.Result, &r); err != nil {
		t.Fatal(err)
	}
	s, err := cades.Parse(r.CMS)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(signed)
	if err := s.Verify(p, digest[:], c.Certificate); err != nil {
		t.Fatal(err)
	}
}

// display is an X server of its own and a person in front of it.
type display struct {
	name string
	last string // window that was answered last
}

func need(t *testing.T, tool, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s", tool, pkg)
	}
	return path
}

func startDisplay(t *testing.T) *display {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(need(t, "Xvfb", "xvfb"), "-displayfd", "3", "-screen", "0", "900x700x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	buf := make([]byte, 16)
	n, err := r.Read(buf)
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	return &display{name: ":" + strings.TrimSpace(string(buf[:n]))}
}

func (d *display) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.name)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// await waits for a window other than the last, focuses it and takes a picture where
// ODNOWA_SCREENSHOTS says.
func (d *display) await(t *testing.T, picture string) {
	t.Helper()
	need(t, "xdotool", "xdotool")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if ctx.Err() != nil {
			t.Fatalf("no window for %s", picture)
		}
		id, err := d.run(ctx, "xdotool", "search", "--onlyvisible", "--name", "Odnowa")
		if _, bad := strconv.Atoi(id); err != nil || bad != nil || id == d.last {
			continue
		}
		if _, err := d.run(ctx, "xdotool", "windowfocus", "--sync", id); err != nil {
			continue
		}
		d.last = id
		break
	}
	if dir := os.Getenv("ODNOWA_SCREENSHOTS"); dir != "" {
		need(t, "scrot", "scrot")
		time.Sleep(300 * time.Millisecond) // for the picture alone: until it is painted
		if _, err := d.run(ctx, "scrot", "--overwrite", filepath.Join(dir, picture+".png")); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *display) answer(t *testing.T, picture, key string) {
	t.Helper()
	d.await(t, picture)
	d.press(t, "key", key)
}

func (d *display) enter(t *testing.T, picture, pin string) {
	t.Helper()
	d.await(t, picture)
	d.press(t, "type", pin)
	d.press(t, "key", "Return")
}

func (d *display) press(t *testing.T, how, what string) {
	t.Helper()
	if _, err := d.run(t.Context(), "xdotool", how, what); err != nil {
		t.Fatal(err)
	}
}
