// Command odnowa-agent-worker is the agent's module worker alone (package worker), built for another architecture than
// the agent's: for 32-bit PKCS#11 modules on 64-bit Windows, and those of Intel on arm64. The agent looks for it
// beside itself under the name that module.WorkerName gives, such as odnowa-agent-worker-386.exe.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/odnowa/odnowa/agent/worker"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] != worker.Role {
		fmt.Fprintln(os.Stderr, "odnowa-agent-worker is started by odnowa-agent.")
		os.Exit(2)
	}
	os.Exit(worker.Main(context.Background(), os.Args[2], os.Stdin, os.Stdout))
}
