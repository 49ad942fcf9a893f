package log

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

type secretive struct {
	PIN  string `json:"pin"`
	Name string `json:"name"`
	Deep map[string]any
}

// MarshalLogObject writes what it should not.
func (s secretive) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddString("pin", s.PIN)
	e.AddString("note", "PIN "+s.PIN)
	return nil
}

func (s secretive) String() string { return "my PIN is " + s.PIN }

// TestNothingComesOut logs a PIN in every way that zap knows.
func TestNothingComesOut(t *testing.T) {
	const pin = "271828"
	s := secretive{PIN: pin, Name: "x", Deep: map[string]any{"a": []any{pin}}}
	var out bytes.Buffer
	l := New(&out, "test").With(zap.String("pin", pin), zap.String("with", "PIN "+pin))
	fields := []zap.Field{
		zap.String("a", pin), zap.String("b", "code 271 828, please"), zap.String("c", "x="+pin+";"), zap.ByteString("d", []byte(pin)),
		zap.Binary("e", []byte(pin)), zap.Int("f", 271828), zap.Uint64("g", 271828), zap.Float64("h", 271828), zap.Error(errors.New("bad PIN " + pin)),
		zap.NamedError("cause", fmt.Errorf("wrapped: %w", errors.New(pin))), zap.Any("i", s), zap.Any("j", &s), zap.Reflect("k", s),
		zap.Object("l", s), zap.Stringer("m", s), zap.Strings("n", []string{pin, "ok"}), zap.Any("o", map[string]string{"pin": "abcd", pin: "x"}),
		zap.Inline(s), zap.Namespace("ns"), zap.Ints("p", []int{271828}), zap.Any("q", json.RawMessage(`{"pin":"271828"}`)),
		zap.Any("r", []byte(pin)), zap.Complex128("s", complex(271828, 0)), zap.Stringp("t", ptr(pin)), zap.Dict("u", zap.String("z", pin)),
		zap.Errors("v", []error{errors.New(pin)}),
	}
	for _, f := range fields {
		l.Info("message with PIN "+pin, f)
	}
	l.Error("all", fields...)
	l.Named("name " + pin).Info("x")
	for _, leak := range []string{pin, "271 828", "2.71828e", "Mjcx"} {
		for line := range strings.Lines(out.String()) {
			if strings.Contains(line, leak) {
				t.Errorf("%q came out: %s", leak, line)
			}
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestForbiddenKeys(t *testing.T) {
	var out bytes.Buffer
	l := New(&out, "test")
	for _, key := range []string{"pin", "userPIN", "puk", "password", "clientSecret", "accessToken", "renewalCode", "cms", "document",
		"subject", "commonName", "givenName", "surname", "pesel", "serialNumber", "email", "phone", "seal", "params", "body", "certificate"} {
		l.Info("x", zap.String(key, "Zaneta"), zap.Any("nested", map[string]any{key: "Zaneta"}))
	}
	if strings.Contains(out.String(), "Zaneta") {
		t.Error(out.String())
	}
}

func TestUsefulComesOut(t *testing.T) {
	var out bytes.Buffer
	hash := strings.Repeat("0123456789abcdef", 4)
	New(&out, "session").Info("request refused", zap.String("errorCode", "pin_incorrect"), zap.String("certificateHash", hash),
		zap.Int("size", 1234567), zap.Duration("took", 1500*time.Millisecond), zap.Int("pid", 123456), zap.Strings("addresses", []string{"127.0.0.1:22701"}))
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"msg": "request refused", "role": "session", "errorCode": "pin_incorrect", "certificateHash": hash,
		"size": 1234567.0, "took": "1.5s", "pid": 123456.0} {
		if line[key] != want {
			t.Errorf("%s: got %v, want %v", key, line[key], want)
		}
	}
	if _, ok := line["time"]; !ok {
		t.Error("no time")
	}
}
