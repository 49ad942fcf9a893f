package window

import (
	"fmt"
	"strings"
	"time"
)

// The answers that a script prints before a line feed; after a PIN's, the PIN follows.
const (
	scriptYes    = "yes"
	scriptNo     = "no"
	scriptCancel = "cancel"
	scriptGaveUp = "gave up"
)

// script is the AppleScript for a question; with field it asks for the PIN. All texts stand in it as string
// literals, and it goes to osascript's standard input, not its arguments, which other users see.
func script(q question, field bool, limit time.Duration) string {
	text := q.text
	if q.alert != "" {
		text += "\n\n" + q.alert
	}
	buttons := []string{plainButton(q.cancel)}
	for _, b := range []string{q.no, q.yes} {
		if b != "" {
			buttons = append(buttons, plainButton(b))
		}
	}
	quoted := make([]string, len(buttons))
	for i, b := range buttons {
		quoted[i] = literal(b)
	}
	var b strings.Builder
	b.WriteString("tell me to activate\n") // in front, with the keyboard
	fmt.Fprintf(&b, "set theAnswer to display dialog %s with title %s", literal(text), literal(q.title))
	if field {
		b.WriteString(` default answer "" with hidden answer`)
	}
	// Return presses the last button only where a PIN is typed; else it is Cancel, as with pinentry.
	standard := 1
	if field {
		standard = len(buttons)
	}
	fmt.Fprintf(&b, " buttons {%s} default button %d with icon caution giving up after %d\n", strings.Join(quoted, ", "), standard, max(1, int(limit.Seconds())))
	fmt.Fprintf(&b, "if gave up of theAnswer then return %s\n", literal(scriptGaveUp))
	for _, known := range []struct{ button, says string }{{q.yes, scriptYes}, {q.no, scriptNo}} {
		if known.button == "" {
			continue
		}
		says := literal(known.says)
		if field && known.says == scriptYes {
			says += " & linefeed & text returned of theAnswer"
		}
		fmt.Fprintf(&b, "if button returned of theAnswer is %s then return %s\n", literal(plainButton(known.button)), says)
	}
	fmt.Fprintf(&b, "return %s\n", literal(scriptCancel))
	return b.String()
}

// plainButton takes the mark of its key from a button's text: macOS has no such keys.
func plainButton(s string) string { return strings.Replace(s, "_", "", 1) }

// literal is an AppleScript string. Texts are clean already; lines are broken outside of the literals, so that
// nothing in one can end it.
func literal(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`" & linefeed & "`)
		case '\r', 0:
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	if strings.ContainsRune(s, '\n') {
		return "(" + b.String() + ")"
	}
	return b.String()
}
