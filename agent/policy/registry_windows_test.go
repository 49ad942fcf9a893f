package policy

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows/registry"
)

// testKey is a key of the test's own, which readers in this package take in place of the machine's.
func testKey(t *testing.T) (path string, k registry.Key) {
	t.Helper()
	path = `SOFTWARE\Odnowa-test-` + rand.Text()
	k, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		k.Close()
		for _, below := range []string{`\Extensions\Chromium`, `\Extensions\Firefox`, `\Extensions\Safari`, `\Extensions`, `\Origins\1`, `\Origins`, `\Modules`, `\port`, ""} {
			_ = registry.DeleteKey(registry.CURRENT_USER, path+below)
		}
	})
	return path, k
}

// set writes values as NAME or KEY\NAME: text, or a number.
func set(t *testing.T, root registry.Key, values map[string]any) {
	t.Helper()
	for name, v := range values {
		k := root
		if i := strings.LastIndexByte(name, '\\'); i >= 0 {
			below, _, err := registry.CreateKey(root, name[:i], registry.ALL_ACCESS)
			if err != nil {
				t.Fatal(err)
			}
			defer below.Close()
			k, name = below, name[i+1:]
		}
		var err error
		switch v := v.(type) {
		case string:
			err = k.SetStringValue(name, v)
		case []string:
			err = k.SetStringsValue(name, v)
		case uint64:
			err = k.SetQWordValue(name, v)
		case int:
			err = k.SetDWordValue(name, uint32(v))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRegistry(t *testing.T) {
	path, k := testKey(t)
	a, b := strings.Repeat("a", 32), strings.Repeat("b", 32)
	values := map[string]any{
		"Port": 23456, "service": 1, "allowRoot": 0, "discoverModules": 0, "windowTimeoutMs": uint64(30_000), "StateDir": `C:\ProgramData\Odnowa\state`, "": "made by an editor",
		`Extensions\Chromium\10`: b, `Extensions\Chromium\9`: a, `Extensions\Firefox\odnowa@ca.example`: "odnowa@ca.example",
		`Origins\1`: `{"origin":"https://ca.example","documents":"document"}`, `Origins\2`: ` {"origin":"https://other.example"}`,
		`Modules\1`: `{"name":"OpenSC","path":"C:\\Program Files\\OpenSC Project\\OpenSC\\pkcs11\\opensc-pkcs11.dll"}`,
	}
	set(t, k, values)
	members, err := readKey(registry.CURRENT_USER, path, reflect.TypeFor[Policy]())
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(strings.NewReader(string(data)))
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if p.Port != 23456 || !p.Service || p.AllowRoot || p.WindowTimeoutMs != 30_000 || p.DiscoversModules() || p.StateDir != `C:\ProgramData\Odnowa\state` {
		t.Errorf("got %+v", p)
	}
	if got := strings.Join(p.Extensions.Chromium, " "); got != a+" "+b || len(p.Extensions.Firefox) != 1 {
		t.Errorf("extensions: %+v", p.Extensions)
	}
	if len(p.Origins) != 2 || p.Origins[0].Documents != Document || p.Origins[1].Origin != "https://other.example" || len(p.Modules) != 1 {
		t.Errorf("got %+v", p)
	}
}

func TestRegistryRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"prot", 22702, "no such member"},
		{"port", "22702", "another type"},
		{"service", 2, "1 or 0"},
		{"stateDir", 1, "another type"},
		{"stateDir", []string{`C:\a`}, "another type"},
		{"origins", `[{"origin":"https://ca.example"}]`, "is a key"},
		{"extensions", "a", "is a key"},
		{`port\1`, "22702", "is a value"},
		{`Origins\1`, "https://ca.example", "JSON object"},
		{`Origins\1`, `["https://ca.example"]`, "JSON object"},
		{`Origins\1`, 7, "another type"},
		{`Origins\1\origin`, "https://ca.example", "has a key in it"},
		{`Extensions\Safari\1`, "x", "no such member"},
		{`Extensions\Chromium`, "x", "is a key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, k := testKey(t)
			set(t, k, map[string]any{c.name: c.value})
			if m, err := readKey(registry.CURRENT_USER, path, reflect.TypeFor[Policy]()); err == nil || m != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %s, %v, want an error with %q", m, err, c.want)
			}
		})
	}
}

func TestNoRegistry(t *testing.T) {
	path := `SOFTWARE\Odnowa-test-` + rand.Text()
	if _, err := readKey(registry.CURRENT_USER, path, reflect.TypeFor[Policy]()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
	if got := keyStamp(registry.CURRENT_USER, path, 0); got != "" {
		t.Errorf("stamp of nothing: %q", got)
	}
}

// TestRegistryStamp: a change anywhere below the key is noticed.
func TestRegistryStamp(t *testing.T) {
	path, k := testKey(t)
	last := keyStamp(registry.CURRENT_USER, path, 0)
	for _, change := range []map[string]any{{"port": 23456}, {`Extensions\Chromium\1`: "a"}, {`Extensions\Chromium\1`: "b"}, {`Origins\1`: "{}"}} {
		time.Sleep(20 * time.Millisecond)
		set(t, k, change)
		if now := keyStamp(registry.CURRENT_USER, path, 0); now == last {
			t.Errorf("%v was not noticed", change)
		} else {
			last = now
		}
	}
}

// TestEveryMemberHasAForm: whoever adds a member to Policy sees here whether the registry can have it.
func TestEveryMemberHasAForm(t *testing.T) {
	var look func(reflect.Type)
	look = func(structure reflect.Type) {
		for f := range structure.Fields() {
			kind := f.Type.Kind()
			if kind == reflect.Pointer {
				kind = f.Type.Elem().Kind()
			}
			switch {
			case jsonName(f) == "":
			case kind == reflect.Struct:
				look(f.Type)
			case kind == reflect.Slice && (f.Type.Elem().Kind() == reflect.String || f.Type.Elem().Kind() == reflect.Struct):
			case kind != reflect.String && kind != reflect.Bool && kind != reflect.Int && kind != reflect.Int64:
				t.Errorf("%s has no form in the registry", jsonName(f))
			}
		}
	}
	look(reflect.TypeFor[Policy]())
}
