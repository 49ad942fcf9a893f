package window

import (
	"context"
	"strings"
	"time"
)

// looking is how long the person may look at a document before GNOME's window comes back: it keeps them
// from every other window while it is there.
const looking = 15 * time.Second

// confirmTwo asks a question of three answers with two buttons: first yes or something else, then what
// else. The second question stands for the first line of the text, which says who asks.
func (d *pinentryDialog) confirmTwo(ctx context.Context, q question) (answer, error) {
	if err := d.wait(ctx); err != nil {
		return 0, err
	}
	first := q
	first.no, first.cancel = "", q.other
	a, err := d.ask(first, "")
	if err != ErrCancelled {
		return a, err
	}
	who, _, _ := strings.Cut(q.text, "\n")
	if _, err := d.ask(question{title: q.title, text: who, yes: q.no, cancel: q.cancel}, ""); err != nil {
		return 0, err
	}
	d.back = time.Now().Add(looking)
	return answerNo, nil
}

func (d *pinentryDialog) wait(ctx context.Context) error {
	timer := time.NewTimer(time.Until(d.back))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// padTwo shows what can only be cancelled, with a second button that takes the window away and nothing
// else.
func (d *pinentryDialog) padTwo(ctx context.Context, q question) (answer, error) {
	q.yes = "OK"
	if _, err := d.ask(q, ""); err != nil {
		return 0, err
	}
	<-ctx.Done()
	return 0, context.Cause(ctx)
}
