package sam

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/odnowa/odnowa/portal/link"
)

var update = flag.Bool("update", false, "write testdata/refusals.json anew")

// TestRefusalCodes: every code that the source names has a status, those that package link answers by itself are
// among them, and the list that the phone app's tests hold its words to is the same.
func TestRefusalCodes(t *testing.T) {
	const file = "testdata/refusals.json"
	source, err := os.ReadFile("refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, m := range regexp.MustCompile(`\bCode = "([a-z_]+)"`).FindAllSubmatch(source, -1) {
		codes = append(codes, string(m[1]))
	}
	slices.Sort(codes)
	if len(codes) != len(statuses) {
		t.Errorf("%d codes and %d statuses", len(codes), len(statuses))
	}
	for _, c := range append([]string{link.CodeRequestMalformed, link.CodeRequestTooLarge, link.CodeMediaType, link.CodeInternal}, codes...) {
		if statuses[Code(c)] == 0 || !slices.Contains(codes, c) {
			t.Errorf("%s: no code of this list with a status", c)
		}
	}
	want, err := json.MarshalIndent(codes, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != string(want) {
		t.Errorf("%s is not current (%v): go test ./portal/sam -run TestRefusalCodes -update, then the words in portal/phone/src/text", file, err)
	}
}
