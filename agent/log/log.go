// Package log makes the agent's loggers: JSON lines through zap, all through one core that lets no
// PIN, code or personal data out.
//
// It is the last line of defence and not the first: callers log ids, codes and sizes only. The core
// drops values under forbidden keys, and whatever looks like a PIN or a code under the other keys.
package log

import (
	"io"
	"regexp"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Redacted stands for every value that was held back.
const Redacted = "[redacted]"

// New makes a logger that writes JSON lines to w. The role says which process writes.
func New(w io.Writer, role string) *zap.Logger {
	conf := zap.NewProductionEncoderConfig()
	conf.TimeKey = "time"
	conf.EncodeTime = zapcore.ISO8601TimeEncoder
	inner := zapcore.NewCore(zapcore.NewJSONEncoder(conf), zapcore.Lock(zapcore.AddSync(w)), zapcore.InfoLevel)
	return zap.New(&core{inner}).With(zap.String("role", role))
}

// forbidden names keys by a part of them, in lower case: values under such a key never come out.
var forbidden = []string{
	"pin", "puk", "password", "passwd", "secret", "token", "code", "proof", "cms", "document", "bytes",
	"subject", "commonname", "givenname", "surname", "pesel", "serialnumber", "email", "mail", "phone", "seal",
	"params", "body", "message", "value", "certificate", "der", "url",
}

// harmless names keys that a part of forbidden would hit, or whose numbers may be long.
var harmless = []string{"errorCode", "certificateHash", "digest", "durationMs", "size", "pid", "port", "addresses", "role", "pinState", "pinpad"}

// pinLike is a run of 6 to 12 digits that stands alone, also in two groups of three.
var pinLike = regexp.MustCompile(`(^|[^0-9A-Za-z])(\d{6,12}|\d{3} \d{3})($|[^0-9A-Za-z])`)

type core struct{ inner zapcore.Core }

func (c *core) Enabled(l zapcore.Level) bool { return c.inner.Enabled(l) }

func (c *core) With(fields []zapcore.Field) zapcore.Core {
	return &core{c.inner.With(redact(fields))}
}

func (c *core) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	e.Message, e.LoggerName = scrub(e.Message), scrub(e.LoggerName)
	e.Stack = ""
	return c.inner.Write(e, redact(fields))
}

func (c *core) Sync() error { return c.inner.Sync() }

// redact lets each field write itself into a map, whatever its type, and takes from there only what
// may be seen. The order of keys is that of the alphabet.
func redact(fields []zapcore.Field) []zapcore.Field {
	m := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(m)
	}
	keys := make([]string, 0, len(m.Fields))
	for k := range m.Fields {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([]zapcore.Field, 0, len(keys))
	for _, k := range keys {
		out = append(out, zap.Any(scrub(k), clean(k, m.Fields[k])))
	}
	return out
}

func allowed(key string) bool {
	if slices.Contains(harmless, key) {
		return true
	}
	key = strings.ToLower(key)
	return !slices.ContainsFunc(forbidden, func(f string) bool { return strings.Contains(key, f) })
}

func scrub(s string) string {
	// Twice, since neighbours share the character between them.
	s = pinLike.ReplaceAllString(s, "${1}"+Redacted+"${3}")
	return pinLike.ReplaceAllString(s, "${1}"+Redacted+"${3}")
}
