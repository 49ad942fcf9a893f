package session

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/odnowa/odnowa/protocol/bridge"
)

var big = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("%PDF"), minLift))

func TestLift(t *testing.T) {
	short := base64.StdEncoding.EncodeToString([]byte("x"))
	for _, c := range []struct {
		name, msg string
		lifted    bool
	}{
		{"ordinary", `{"id":"r1","method":"m","params":{"origin":"o","document":{"name":"a","bytes":"` + big + `"},"seal":"s"}}`, true},
		{"with spaces", "{ \"params\" :\n{ \"document\" : { \"bytes\" :\t\"" + big + "\" } } }", true},
		{"escapes before it", `{"id":"\\\"{[","params":{"a\"b":"\\","document":{"name":"a\\","bytes":"` + big + `"}}}`, true},
		{"after a list", `{"x":[{"params":{}},[]],"params":{"document":{"bytes":"` + big + `"}}}`, true},
		{"short", `{"params":{"document":{"bytes":"` + short + `"}}}`, false},
		{"another place", `{"params":{"x":{"document":{"bytes":"` + big + `"}}}}`, false},
		{"in a list", `{"params":{"document":[{"bytes":"` + big + `"}]}}`, false},
		{"at the top", `{"document":{"bytes":"` + big + `"}}`, false},
		{"batch", `[{"params":{"document":{"bytes":"` + big + `"}}}]`, false},
		{"another key", `{"params":{"document":{"Bytes":"` + big + `"}}}`, false},
		{"a key", `{"params":{"document":{"bytes":{"` + big + `":1}}}}`, false},
		{"escape in it", `{"params":{"document":{"bytes":"\u0041` + big + `"}}}`, false},
		{"twice", `{"params":{"document":{"bytes":"` + big + `","bytes":"` + big + `"}}}`, false},
		{"no end", `{"params":{"document":{"bytes":"` + big, false},
		{"too many ends", `}{"params":{"document":{"bytes":"` + big + `"}}}`, false},
	} {
		rest, text := lift([]byte(c.msg))
		if got := text != nil; got != c.lifted {
			t.Errorf("%s: lifted %v", c.name, got)
		}
		if c.lifted && (string(text) != big || strings.Contains(string(rest), big[:100]) || strings.Replace(c.msg, big, "", 1) != string(rest)) {
			t.Errorf("%s: left %.200s", c.name, rest)
		}
		if !c.lifted && string(rest) != c.msg {
			t.Errorf("%s: changed to %.200s", c.name, rest)
		}
	}
}

func TestPutBack(t *testing.T) {
	for _, v := range []struct {
		text string
		into bridge.SignParams
		ok   bool
	}{
		{big, bridge.SignParams{}, true},
		{big[:len(big)-1], bridge.SignParams{}, false},
		{big[:100] + "\n" + big[100:], bridge.SignParams{}, false},
		{big[:100] + "\x00" + big[100:], bridge.SignParams{}, false},
		{big[:100] + "ż" + big[100:], bridge.SignParams{}, false},
		{big, bridge.SignParams{Document: bridge.Document{Bytes: []byte("x")}}, false},
	} {
		if err := putBack(lifted{text: []byte(v.text)}, &v.into); (err == nil) != v.ok {
			t.Errorf("%.120q: %v", v.text, err)
		}
	}
}

func TestKeepLifted(t *testing.T) {
	c := &conn{}
	if !c.keepLifted("r", lifted{text: []byte(big)}) || c.keepLifted("r", lifted{}) {
		t.Error("not kept, or twice")
	}
	if got := c.takeLifted("r"); string(got.text) != big || c.takeLifted("r").text != nil || len(c.lifted) != 0 {
		t.Error("not given, or left behind")
	}
	for i := range maxLifted + 3 {
		if got, want := c.keepLifted(fmt.Sprint(i), lifted{text: []byte("x")}), i < maxLifted; got != want {
			t.Errorf("document %d kept: %v", i, got)
		}
	}
}

// FuzzPutBack: a document is taken for what the standard library takes its base64 for, or refused.
func FuzzPutBack(f *testing.F) {
	for _, text := range []string{"", "YQ==", "YWI=", "YWJj", "YQ=", "YR==", "Y", "=", "YW Jj", "YWJj\n", "-_-_", "\x00\xff"} {
		f.Add(big[:len(big)-2]+text, text+big[:64])
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		for _, text := range []string{one, two} {
			p := &bridge.SignParams{}
			err := putBack(lifted{text: []byte(text)}, p)
			want, refused := base64.StdEncoding.DecodeString(text)
			if strings.ContainsAny(text, "\r\n") { // which JSON has no place for
				refused = base64.CorruptInputError(0)
			}
			if (err == nil) != (refused == nil) || err == nil && !bytes.Equal(p.Document.Bytes, want) {
				t.Errorf("%.200q: %d bytes, %v; want %d, %v", text, len(p.Document.Bytes), err, len(want), refused)
			}
		}
	})
}

// FuzzLift: a request with its document put back is what it would have been.
func FuzzLift(f *testing.F) {
	f.Add(`{"params":{"document":{"bytes":"`, `"}}}`)
	f.Add(`{"params":{"document":{"bytes":"a","bytes":"`, `"}}}`)
	f.Add(`{"params":{"document":{"bytes":"`, `","bytes":"","bytes":"YQ=="}}}`)
	f.Add(`{"params":{"document":{"a":{},"bytes":"`, `"},"document":{}}}`)
	f.Fuzz(func(t *testing.T, before, after string) {
		msg := []byte(before + big + after)
		rest, text := lift(msg)
		if text == nil {
			return
		}
		type request struct {
			Params struct{ Document struct{ Bytes []byte } }
		}
		var whole, left request
		e1, e2 := json.Unmarshal(msg, &whole), json.Unmarshal(rest, &left)
		if (e1 == nil) != (e2 == nil) {
			t.Fatalf("%v, without the document %v", e1, e2)
		}
		if e1 != nil || len(left.Params.Document.Bytes) > 0 {
			return // refused either way
		}
		want, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := whole.Params.Document.Bytes; !bytes.Equal(got, want) && len(got) > 0 {
			t.Errorf("another document of %d bytes, want %d", len(got), len(want))
		}
	})
}
