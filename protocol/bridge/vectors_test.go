package bridge

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"
)

var update = flag.Bool("update", false, "write protocol/vectors/bridge/errors.json from the list of codes")

const vectors = "../vectors/bridge/"

// messageVector is documented in protocol/vectors/README.md, as is errorVector.
type messageVector struct {
	Name    string          `json:"name"`
	Type    string          `json:"type"`
	Reader  string          `json:"reader"`
	Good    bool            `json:"good"`
	Extra   bool            `json:"extra,omitempty"`
	Message json.RawMessage `json:"message"`
}

var types = map[string]reflect.Type{}

func init() {
	for _, v := range []any{
		HelloParams{}, DiagnoseParams{}, ListParams{}, SignParams{}, CancelParams{},
		HelloResult{}, DiagnoseResult{}, ListResult{}, SignResult{}, CancelResult{}, Progress{}, CertificatesChanged{},
		ActivateParams{}, ActivateResult{}, ActivationProgress{},
	} {
		t := reflect.TypeOf(v)
		types[t.Name()] = t
	}
}

func TestMessageVectors(t *testing.T) {
	var all []messageVector
	read(t, "messages.json", &all)
	good, bad := map[string]bool{}, map[string]bool{}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			typ, ok := types[v.Type]
			if !ok {
				t.Fatalf("unknown type %s", v.Type)
			}
			if v.Good {
				good[v.Type] = true
			} else {
				bad[v.Type] = true
			}
			switch v.Reader {
			case "agent":
				if err := Decode(v.Message, reflect.New(typ).Interface()); (err == nil) != v.Good {
					t.Errorf("got error %v, want good %v", err, v.Good)
				}
			case "client":
				if v.Good {
					roundTrip(t, typ, v)
				}
			default:
				t.Errorf("unknown reader %q", v.Reader)
			}
		})
	}
	for name := range types {
		if !good[name] || !bad[name] && name != "CertificatesChanged" { // which has no members
			t.Errorf("%s has no good vector or no bad one", name)
		}
	}
}

func roundTrip(t *testing.T, typ reflect.Type, v messageVector) {
	t.Helper()
	value := reflect.New(typ).Interface()
	if err := json.Unmarshal(v.Message, value); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if !v.Extra && !reflect.DeepEqual(plain(t, again), plain(t, v.Message)) {
		t.Errorf("got %s, want %s", again, v.Message)
	}
}

func plain(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

type errorVector struct {
	Name      string   `json:"name"`
	Code      Code     `json:"code"`
	TriesLeft *int     `json:"triesLeft,omitempty"`
	Response  response `json:"response"`
}

type response struct {
	Version string     `json:"jsonrpc"`
	ID      any        `json:"id"`
	Error   errorValue `json:"error"`
}

type errorValue struct {
	Number  int            `json:"code"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data,omitempty"`
}

// errorVectors are what errors.json must hold.
func errorVectors() []errorVector {
	var all []errorVector
	add := func(name string, code Code, number int, message string, data map[string]any) {
		all = append(all, errorVector{Name: name, Code: code, Response: response{"2.0", "r1", errorValue{number, message, data}}})
	}
	for _, i := range Codes {
		add(string(i.Code), i.Code, i.Number, i.Cause, map[string]any{"code": string(i.Code)})
	}
	info, two := Info(CodePINIncorrect), 2
	add("pin_incorrect with tries", info.Code, info.Number, info.Cause, map[string]any{"code": string(info.Code), "triesLeft": 2})
	all[len(all)-1].TriesLeft = &two
	add("code of a newer agent", CodeInternal, -32099, "Something new.", map[string]any{"code": "something_new"})
	add("no data", CodeInternal, -32600, "invalid request", nil)
	add("number of another code", CodeBusy, -32001, "The data decides.", map[string]any{"code": "busy"})
	add("new member in data", CodeNoCard, -32018, "No card is in a reader.", map[string]any{"code": "no_card", "reader": "x"})
	return all
}

func TestErrorVectors(t *testing.T) {
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(errorVectors()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(vectors+"errors.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectors + "errors.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("errors.json is not that of the list of codes: go test ./protocol/bridge -update")
	}
}

func TestCodes(t *testing.T) {
	for i, c := range Codes {
		if c.Number != -32001-i {
			t.Errorf("%s has number %d, want %d: the list is append-only", c.Code, c.Number, -32001-i)
		}
		if c.Cause == "" || c.Cure == "" {
			t.Errorf("%s has no cause or no cure", c.Code)
		}
		if got := Info(c.Code); got != c {
			t.Errorf("Info(%s) = %+v", c.Code, got)
		}
	}
	if got := Info("something_new").Code; got != CodeInternal {
		t.Errorf("Info of an unknown code gives %s, want internal", got)
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(vectors + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil { // not Decode, which looks into the messages, too
		t.Fatal(err)
	}
}

func TestDecodeWantsEachMemberOnce(t *testing.T) {
	for _, params := range []string{
		`{"origin":"https://ca.example","origin":"https://ca.example","filter":{}}`,
		`{"origin":"https://ca.example","filter":{},"ORIGIN":"https://ca.example"}`,
		`{"origin":"https://ca.example","filter":{"valid":true,"Valid":false}}`,
		`{"origin":"https://ca.example","filter":{},"filter":{}}`,
		"{\"origin\":\"https://ca.example\",\"filter\":{\"iſſuers\":[],\"issuers\":[]}}", // long s folds to s
	} {
		if err := Decode([]byte(params), new(ListParams)); err == nil {
			t.Errorf("taken: %s", params)
		}
	}
	if err := Decode([]byte(`{"origin":"https://ca.example","filter":{"valid":true}}`), new(ListParams)); err != nil {
		t.Error(err)
	}
}
