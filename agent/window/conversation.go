package window

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// Conversation is one open window, for one goroutine.
type Conversation struct {
	w      *Window
	dialog dialog
	words  *text
	askPIN string
	end    time.Time // of the whole conversation
	viewed []func()  // remove what was shown
	once   sync.Once
}

// Close closes the window; the next one may open. More than once is no error.
func (c *Conversation) Close() {
	c.once.Do(func() {
		c.dialog.close()
		for _, remove := range c.viewed {
			remove()
		}
		c.w.open.Unlock()
	})
}

// introduce asks for the phone's code, then about the document until the person signs or cancels.
func (c *Conversation) introduce(ctx context.Context, r Request, q questions) error {
	c.askPIN = q.pin
	if q.phone != nil {
		a, err := c.confirm(ctx, *q.phone)
		if err != nil {
			return err
		}
		if a == answerNo {
			return ErrCodesDiffer
		}
	}
	for {
		a, err := c.confirm(ctx, q.document)
		if err != nil || a == answerYes {
			return err
		}
		remove, err := c.w.viewer.view(r.Document)
		if err != nil {
			// The person may still read the copy that the page offers, or cancel.
			c.w.log.Warn("cannot show the document", zap.Error(err))
			q.document.alert = c.words.viewFailed
			continue
		}
		c.viewed = append(c.viewed, remove)
	}
}

// PIN asks for the PIN, after an explicit "use my last try" where the card says that it is the last.
// The caller wipes the answer.
func (c *Conversation) PIN(ctx context.Context, s PINState) ([]byte, error) {
	t := c.words
	if s.State == bridge.PINFinal {
		q := question{title: t.title, text: t.lastTry, yes: t.useLastTry, cancel: t.cancel}
		if _, err := c.confirm(ctx, q); err != nil {
			return nil, err
		}
	}
	limited, cancel := c.limit(ctx)
	defer cancel()
	pin, err := c.dialog.pin(limited, c.pinQuestion(s))
	return pin, reason(err, ctx, limited)
}

func (c *Conversation) pinQuestion(s PINState) question {
	t := c.words
	q := question{title: t.title, text: c.askPIN, yes: t.sign, cancel: t.cancel, prompt: t.pinPrompt}
	switch s.Problem {
	case bridge.CodePINIncorrect:
		q.alert = t.pinIncorrect
		if s.TriesLeft != nil {
			q.alert += " " + fmt.Sprintf(t.triesLeft, *s.TriesLeft)
		}
	case bridge.CodePINLength:
		q.alert = t.pinLength
	}
	switch {
	case s.State == bridge.PINFinal:
		q.text += "\n\n" + t.pinFinal
	// Some modules, OpenSC's for PIV cards among them, do not tell that a wrong PIN was counted.
	case s.State == bridge.PINLow, s.Problem == bridge.CodePINIncorrect:
		q.text += "\n\n" + t.pinLow
	}
	return q
}

func (c *Conversation) confirm(ctx context.Context, q question) (answer, error) {
	limited, cancel := c.limit(ctx)
	defer cancel()
	a, err := c.dialog.confirm(limited, q)
	return a, reason(err, ctx, limited)
}

func (c *Conversation) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(c.w.timeout)
	if c.end.Before(end) {
		end = c.end
	}
	return context.WithDeadlineCause(ctx, end, ErrTimeout)
}

// reason prefers why a context ended to what the dialog said when it was killed. A context ends a moment before
// those made of it, so that the whole one is asked first.
func reason(err error, contexts ...context.Context) error {
	if err == nil || errors.Is(err, ErrCancelled) {
		return err
	}
	for _, ctx := range contexts {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return err
}
