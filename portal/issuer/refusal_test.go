package issuer

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/odnowa/odnowa/portal/link"
)

// TestEveryCodeHasAnAnswer reads the codes from the contract's source, so that none is forgotten.
func TestEveryCodeHasAnAnswer(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "contract/contract.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	block := file.Decls[1].(*ast.GenDecl) // the first after the import: the codes
	if len(block.Specs) != len(answers) {
		t.Errorf("%d codes, %d answers", len(block.Specs), len(answers))
	}
	for _, spec := range block.Specs {
		code, err := strconv.Unquote(spec.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if p := problem(fmt.Errorf("wrapped: %w", refuse(code))); p.Code != code || p.Status < 400 || p.Status > 499 || p.Title == "" {
			t.Errorf("%s: %+v", code, p)
		}
	}
}

func TestOtherErrorsStayInside(t *testing.T) {
	for _, err := range []error{errors.New("Żaneta"), refuse("no_such_code")} {
		if p := problem(err); p.Code != link.CodeInternal || p.Status != 500 || p.Title != "the issuer failed" {
			t.Errorf("%v: %+v", err, p)
		}
	}
}
