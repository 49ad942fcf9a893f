// Package protocol holds the contracts between page, extension, agent and portal; see the folders
// below it. This test keeps the project's import rules.
package protocol

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/odnowa/odnowa"

// deps lists every package that pattern's packages are built from, for each system that the agent
// runs on, since each may import others.
func deps(t *testing.T, pattern string, goos ...string) []string {
	t.Helper()
	var all []string
	for _, system := range goos {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pattern)
		cmd.Env = append(cmd.Environ(), "GOOS="+system, "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list %s for %s: %v", pattern, system, err)
		}
		all = append(all, strings.Fields(string(out))...)
	}
	if len(all) == 0 {
		t.Fatalf("go list %s found no package", pattern)
	}
	return all
}

func TestProtocolImportsNearlyNothing(t *testing.T) {
	for _, p := range deps(t, module+"/protocol/...", "linux") {
		if !strings.HasPrefix(p, module+"/protocol") && !strings.HasPrefix(p, "golang.org/x/crypto") {
			t.Errorf("protocol imports %s; it may import the standard library and x/crypto only", p)
		}
	}
}

func TestAgentImportsNoPortal(t *testing.T) {
	for _, p := range deps(t, module+"/agent/cmd/odnowa-agent", "linux", "windows", "darwin") {
		switch {
		case strings.HasPrefix(p, module+"/portal"):
			t.Errorf("the agent imports %s of the CA's side", p)
		case strings.Contains(p, "sqlite"), strings.Contains(p, "jackc/pgx"), strings.Contains(p, "pressly/goose"):
			t.Errorf("the agent imports the database package %s", p)
		}
	}
}

func TestPortalImportsNoAgent(t *testing.T) {
	for _, p := range deps(t, module+"/portal/...", "linux") {
		if strings.HasPrefix(p, module+"/agent") {
			t.Errorf("the portal imports %s of the customers' side", p)
		}
	}
}
