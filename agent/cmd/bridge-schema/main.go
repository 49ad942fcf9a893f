// Command bridge-schema writes protocol/bridge/schema.json, the JSON Schema of the bridge protocol,
// from the Go structs and their comments. Run it in the repository's root.
//
// The root of the schema is a map of method and notification names to their params and results;
// the messages are below $defs by their Go names. Params refuse fields they don't know, results
// let them through, as the protocol says. It lives outside protocol, which has no dependencies.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/odnowa/odnowa/protocol/bridge"
)

const (
	module = "github.com/odnowa/odnowa"
	dir    = "protocol/bridge"
)

// messages are all methods and notifications; a notification has no result.
var messages = []struct {
	name           string
	params, result any
}{
	{bridge.MethodHello, bridge.HelloParams{}, bridge.HelloResult{}},
	{bridge.MethodDiagnose, bridge.DiagnoseParams{}, bridge.DiagnoseResult{}},
	{bridge.MethodListCertificate, bridge.ListParams{}, bridge.ListResult{}},
	{bridge.MethodCreateSignature, bridge.SignParams{}, bridge.SignResult{}},
	{bridge.MethodCancel, bridge.CancelParams{}, bridge.CancelResult{}},
	{bridge.MethodActivateRSign, bridge.ActivateParams{}, bridge.ActivateResult{}},
	{bridge.NotifyCertificatesChanged, bridge.CertificatesChanged{}, nil},
	{bridge.NotifySignatureProgress, bridge.Progress{}, nil},
	{bridge.NotifyRSignProgress, bridge.ActivationProgress{}, nil},
}

// strict are the types of params alone, beside those whose name ends in Params.
var strict = []string{"Filter", "Document"}

func main() {
	schema, err := generate()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "schema.json"), schema, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bridge-schema:", err)
		os.Exit(1)
	}
}

// generate gives the text of schema.json. The working directory is the repository's root.
func generate() ([]byte, error) {
	enums, err := constants()
	if err != nil {
		return nil, err
	}
	r := &jsonschema.Reflector{
		Anonymous:                 true,
		AllowAdditionalProperties: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t.Kind() != reflect.String || len(enums[t.Name()]) == 0 {
				return nil
			}
			return &jsonschema.Schema{Ref: "#/$defs/" + t.Name()}
		},
	}
	if err := r.AddGoComments(module, "./"+dir); err != nil {
		return nil, fmt.Errorf("reading comments: %w", err)
	}
	root := &jsonschema.Schema{
		Version: jsonschema.Version, Title: "Bridge", Type: "object",
		Description: "Methods and notifications of the bridge protocol. Generated from protocol/bridge by agent/cmd/bridge-schema; do not edit.",
		Properties:  jsonschema.NewProperties(), Definitions: jsonschema.Definitions{},
	}
	for _, m := range messages {
		pair := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"params"}}
		pair.Properties.Set("params", define(r, root, m.params))
		if m.result != nil {
			pair.Properties.Set("result", define(r, root, m.result))
			pair.Required = append(pair.Required, "result")
		}
		root.Properties.Set(m.name, pair)
		root.Required = append(root.Required, m.name)
	}
	define(r, root, bridge.ErrorData{})
	for name, values := range enums {
		root.Definitions[name] = &jsonschema.Schema{Type: "string", Enum: values, Description: r.CommentMap[module+"/"+dir+"."+name]}
	}
	for name, d := range root.Definitions {
		d.Title = name
		if strings.HasSuffix(name, "Params") || slices.Contains(strict, name) {
			d.AdditionalProperties = jsonschema.FalseSchema
		}
	}
	return marshal(root)
}

// define puts a type and all that it refers to below $defs and gives the reference.
func define(r *jsonschema.Reflector, root *jsonschema.Schema, v any) *jsonschema.Schema {
	s := r.Reflect(v)
	for name, d := range s.Definitions {
		root.Definitions[name] = d
	}
	return &jsonschema.Schema{Ref: s.Ref}
}

func marshal(s *jsonschema.Schema) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(s)
	return b.Bytes(), err
}

// constants gives the values of the string types' constants, in the order of the source.
func constants() (map[string][]any, error) {
	paths, err := filepath.Glob(dir + "/*.go") // sorted
	if err != nil {
		return nil, err
	}
	values := map[string][]any{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, fmt.Errorf("reading constants: %w", err)
		}
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, decl := range file.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				if err := note(values, spec.(*ast.ValueSpec)); err != nil {
					return nil, err
				}
			}
		}
	}
	return values, nil
}

func note(values map[string][]any, spec *ast.ValueSpec) error {
	named, ok := spec.Type.(*ast.Ident)
	if !ok {
		return nil
	}
	for _, v := range spec.Values {
		lit, ok := v.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			return fmt.Errorf("reading constant of %s: %w", named.Name, err)
		}
		values[named.Name] = append(values[named.Name], text)
	}
	return nil
}
