package conformance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// errEnded is a stream that is over; browsers open it again.
var errEnded = wanted("an event", "the end of the stream")

// event is one of the stream's.
type event struct{ name, id, data string }

// stream opens the event stream and reads it until ctx is over. The first line that is none of the
// format ends it with an error in the last event's place.
func (v *visit) stream(ctx context.Context) (<-chan event, *exchange, error) {
	o := operations["watchRenewal"]
	r := request{method: o.method, path: o.path}
	q, err := v.browser.build(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	patient := *v.client.http
	patient.Timeout = 0 // ctx ends it
	res, err := patient.Do(q)
	if err != nil {
		return nil, nil, wanted("a stream", "%v", err)
	}
	var body []byte
	if res.StatusCode != http.StatusOK {
		body, _ = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	}
	e := v.browser.took(r, res, body)
	events := make(chan event, 8)
	go func() {
		defer close(events)
		defer res.Body.Close()
		readEvents(res.Body, events)
	}()
	return events, e, nil
}

// readEvents parses server-sent events as browsers do: comments and unknown fields don't count.
func readEvents(r io.Reader, out chan<- event) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnswer)
	var e event
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if e.data != "" {
				out <- e
			}
			e = event{}
		case field == "event":
			e.name = value
		case field == "id":
			e.id = value
		case field == "data":
			e.data += value
		}
	}
}

// next waits for an event and holds it against the contract. The event's data is personal, once the
// renewal is.
func (v *visit) next(events <-chan event, within time.Duration) (renewal, error) {
	select {
	case e, open := <-events:
		if !open {
			return renewal{}, errEnded
		}
		seen := &exchange{op: operations["getRenewal"], status: http.StatusOK, answer: []byte(e.data)}
		r := seen.renewal()
		if e.name != "renewal" {
			return r, wanted(`event: renewal`, "%.40q", e.name)
		}
		if err := theContract.Components.Schemas["Renewal"].validate(seen.answer); err != nil {
			return r, wanted("a renewal in data", "%v", err)
		}
		if e.id != strconv.FormatInt(r.Version, 10) {
			return r, wanted(fmt.Sprintf("id: %d, the version", r.Version), "%.40q", e.id)
		}
		return r, nil
	case <-time.After(within):
		return renewal{}, wanted(fmt.Sprintf("an event within %s", within), "none")
	case <-v.ctx.Done():
		return renewal{}, skip("interrupted")
	}
}

func (v *visit) firstEvent() error {
	ctx, cancel := context.WithCancel(v.ctx)
	defer cancel()
	events, e, err := v.stream(ctx)
	if err != nil {
		return err
	}
	if e.status != http.StatusOK {
		return wanted("200 with text/event-stream", "%s", e.said())
	}
	r, err := v.next(events, 5*time.Second)
	if err == nil && r.State != v.now.State {
		err = wanted(fmt.Sprintf("the renewal in state %q", v.now.State), "%.40q", r.State)
	}
	return err
}

func (v *visit) nextEvent() error {
	ctx, cancel := context.WithCancel(v.ctx)
	defer cancel()
	events, _, err := v.stream(ctx)
	if err != nil {
		return err
	}
	before, err := v.next(events, 5*time.Second)
	if err != nil {
		return skip("needs events.first")
	}
	if err := v.call("setStart", object{"start": "after_current"}, "start_chosen"); err != nil {
		return skip("the start could not be changed: " + err.Error())
	}
	after, err := v.next(events, 5*time.Second)
	if err != nil {
		return err
	}
	if after.Version <= before.Version || after.Start != "after_current" {
		return wanted("the changed renewal with a higher version", "version %d after %d", after.Version, before.Version)
	}
	return v.call("setStart", object{"start": "now"}, "start_chosen")
}
