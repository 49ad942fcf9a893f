package host

import (
	"fmt"
	"os"
	"os/exec"

	"github.com/odnowa/odnowa/agent/environ"
)

// StartSession starts this very program as the login's session, detached from the browser: own
// process group, chosen environment, no inherited handles. It does not wait for it to be ready.
func StartSession() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if err := keepHandles(); err != nil {
		return fmt.Errorf("keeping handles: %w", err)
	}
	cmd := exec.Command(self, "session")
	cmd.Dir = rootDir()
	cmd.Env = environ.Session()
	cmd.SysProcAttr = detached()
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
