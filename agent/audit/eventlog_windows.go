package audit

import "golang.org/x/sys/windows/svc/eventlog"

// EventSource is what Windows' event log (Application) calls the agent. The installer registers it, as
// HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\<EventSource> with EventMessageFile (REG_EXPAND_SZ)
// %SystemRoot%\System32\EventCreate.exe, whose messages are the text alone, and TypesSupported (REG_DWORD) 7.
// Unregistered, events are written all the same and shown with a remark.
const EventSource = "Odnowa Agent"

// eventRecord is the number of the events that hold audit records; EventCreate.exe knows 1 to 1000.
const eventRecord = 1

// eventLog writes to Windows' event log, which administrators can collect elsewhere.
type eventLog struct{ log *eventlog.Log }

// openEventLog gives nil where the log cannot be written to: the file is the record.
func openEventLog() *eventLog {
	l, err := eventlog.Open(EventSource)
	if err != nil {
		return nil
	}
	return &eventLog{l}
}

// write adds an event. It opens no log again: the service behind it runs for as long as Windows does.
func (e *eventLog) write(text string) error { return e.log.Info(eventRecord, text) }
