package audit

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

// Main is the command line "audit verify FILE": prints the number of records and the head, which is
// to be compared with one kept elsewhere; exit code 1 when the log was changed or is torn.
func Main(_ context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(stderr, "usage: odnowa-portal audit verify FILE")
		return 2
	}
	f, err := os.Open(args[0])
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	defer f.Close()
	n, head, err := Verify(f)
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", args[0], err)
		return 1
	}
	fmt.Fprintf(stdout, "%s: ok, %d records, head %s\n", args[0], n, head)
	return 0
}
