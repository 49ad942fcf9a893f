// Command vocabulary writes words.gen.txt: the words that stand in the agent's own errors and log messages.
// Packs for support hold no other words of the log. It is run by go generate in agent/support.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// roots are the folders whose code speaks in errors and logs, from agent/support.
var roots = []string{"..", "../../protocol"}

// speaking are the functions whose texts count, by their last name.
var speaking = []string{"New", "Errorf", "Info", "Warn", "Error", "Debug", "Sprintf", "called"}

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z_0-9]+`)

func main() {
	words := map[string]bool{}
	for _, root := range roots {
		if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || d.Name() == "text.go" || testing(path) {
				return err
			}
			return collect(path, words)
		}); err != nil {
			fmt.Fprintln(os.Stderr, "vocabulary:", err)
			os.Exit(1)
		}
	}
	var all []string
	for w := range words {
		all = append(all, w)
	}
	slices.Sort(all)
	var out bytes.Buffer
	for _, w := range all {
		fmt.Fprintln(&out, w)
	}
	if err := os.WriteFile("words.gen.txt", out.Bytes(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "vocabulary:", err)
		os.Exit(1)
	}
}

// testing says whether a file is for tests only.
func testing(path string) bool {
	return strings.HasSuffix(filepath.Dir(path), "test") || strings.Contains(path, "test/") || strings.Contains(path, "/bench/")
}

func collect(path string, words map[string]bool) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if slices.Contains(speaking, called(n.Fun)) {
				for _, arg := range n.Args {
					literal(arg, words)
				}
			}
		case *ast.KeyValueExpr: // tables, such as PKCS#11's names of errors
			literal(n.Value, words)
		}
		return true
	})
	return nil
}

func called(f ast.Expr) string {
	switch f := f.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

func literal(e ast.Expr, words map[string]bool) {
	b, ok := e.(*ast.BasicLit)
	if !ok || b.Kind != token.STRING {
		return
	}
	text, err := strconv.Unquote(b.Value)
	if err != nil {
		return
	}
	for _, w := range word.FindAllString(text, -1) {
		words[strings.ToLower(w)] = true
	}
}
