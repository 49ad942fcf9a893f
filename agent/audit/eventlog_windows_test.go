package audit

import "testing"

func TestEventLog(t *testing.T) {
	l := openEventLog()
	if l == nil {
		t.Fatal("the event log cannot be opened")
	}
	defer l.log.Close()
	if err := l.write(`audit n=1 outcome=signed origin="https://ca.example"`); err != nil {
		t.Error(err)
	}
}
