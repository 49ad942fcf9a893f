package window

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/protocol/bridge"
)

// Conversation is one window, from before it opens until it is closed, for one goroutine.
type Conversation struct {
	w      *Window
	words  *text
	who    string
	ctx    context.Context
	cancel context.CancelFunc
	ready  chan error // has what came of getting ready; nil before

	dialog dialog    // when it is ready
	askPIN string    // who asks for the PIN, and for what
	askPad string    // the same where it is typed on the reader
	end    time.Time // of the whole conversation
	viewed []func()  // remove what was shown
	once   sync.Once
	// release lets the next window open.
	release func()
}

// Conversation makes one that is not open yet. It ends with ctx. Who asks is a website's origin, or empty. The caller
// must Close it.
func (w *Window) Conversation(ctx context.Context, lang Language, who string) *Conversation {
	ctx, cancel := context.WithCancel(ctx)
	return &Conversation{w: w, words: words(lang), who: who, ctx: ctx, cancel: cancel}
}

// Ready takes the turn and starts what will show the window, while the caller still finds out what to ask: that
// takes longer than anything else before the person sees it. It does not wait, and shows nothing.
func (c *Conversation) Ready() {
	if c.ready == nil {
		ready := make(chan error, 1)
		c.ready = ready
		go func() { ready <- c.begin() }()
		runtime.Gosched() // what the caller does next may keep the processor for a while
	}
}

// isReady waits until it is.
func (c *Conversation) isReady() error {
	c.Ready()
	err := <-c.ready
	c.ready <- err
	return err
}

func (c *Conversation) begin() error {
	w, ctx := c.w, c.ctx
	if err := w.prompter.available(); err != nil {
		return err
	}
	if err := w.queue.acquire(ctx, c.who); err != nil {
		return err
	}
	others, err := w.keepOut(ctx)
	if err != nil {
		w.queue.release()
		return err
	}
	release := func() {
		if others != nil {
			others.Close()
		}
		w.queue.release()
	}
	d, err := w.prompter.start(ctx)
	if err != nil {
		release()
		return err
	}
	c.dialog, c.release = d, release
	return nil
}

// Close closes the window; the next one may open. More than once is no error.
func (c *Conversation) Close() {
	c.once.Do(func() {
		c.cancel()
		if c.ready == nil || c.isReady() != nil {
			return
		}
		c.dialog.close()
		for _, remove := range c.viewed {
			remove()
		}
		c.release()
	})
}

// Open asks all that comes before the PIN: the phone's code in a confirmation, then the document
// itself. It answers when the person went on. ctx ends it at any time; its cause is then the error.
func (c *Conversation) Open(ctx context.Context, r Request) error {
	q, err := r.questions()
	if err != nil {
		return err
	}
	if !c.w.viewer.available() {
		q.document.no = ""
	}
	if err := c.isReady(); err != nil {
		return err
	}
	c.end = time.Now().Add(c.w.MaxDuration())
	return c.introduce(ctx, r, q)
}

// introduce asks for the phone's code, then about the document until the person signs or cancels.
func (c *Conversation) introduce(ctx context.Context, r Request, q questions) error {
	c.askPIN, c.askPad = q.pin, q.pad
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
	if err := c.lastTry(ctx, s); err != nil {
		return nil, err
	}
	limited, cancel := c.limit(ctx)
	defer cancel()
	pin, err := c.dialog.pin(limited, c.pinQuestion(s))
	return pin, reason(err, ctx, limited)
}

// lastTry lets nobody use it up without having said so.
func (c *Conversation) lastTry(ctx context.Context, s PINState) error {
	if s.State != bridge.PINFinal {
		return nil
	}
	t := c.words
	who, _, _ := strings.Cut(c.askPIN, "\n\n")
	_, err := c.confirm(ctx, question{title: t.title, text: who + "\n\n" + t.lastTry, yes: t.useLastTry, cancel: t.cancel})
	return err
}

// padDelay keeps a window from flashing up where the reader asks for nothing.
const padDelay = 300 * time.Millisecond

// again asks before a reader is made to ask once more: it may answer by itself, and no try is used up
// without the person.
func (c *Conversation) again(ctx context.Context, s PINState) error {
	if s.Problem == "" && !s.Forgotten || s.State == bridge.PINFinal {
		return c.lastTry(ctx, s)
	}
	q := c.padQuestion(s)
	q.yes = c.words.again
	_, err := c.confirm(ctx, q)
	return err
}

// PINPad shows that the PIN is to be typed on the reader, where the request's questions said that it
// would, until done is called. The context that it gives, which is for the card, ends with ctx, when the
// person cancels ([ErrCancelled]) and when nobody has typed in time ([ErrTimeout]): its cause says which.
func (c *Conversation) PINPad(ctx context.Context, s PINState) (card context.Context, done func(), err error) {
	if err := c.again(ctx, s); err != nil {
		return nil, nil, err
	}
	limited, end := c.limit(ctx)
	card, cancel := context.WithCancelCause(limited)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		c.showPad(card, cancel, c.padQuestion(s))
	}()
	return card, func() {
		cancel(nil)
		<-closed
		end()
	}, nil
}

// showPad has a dialog of its own, since only the end of its process closes one that nobody answers.
func (c *Conversation) showPad(ctx context.Context, cancel context.CancelCauseFunc, q question) {
	timer := time.NewTimer(padDelay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return
	}
	d, err := c.w.prompter.start(ctx)
	if err != nil {
		c.w.log.Warn("cannot show that the reader asks for the PIN", zap.Error(err))
		return // the reader does ask
	}
	defer d.close()
	_, err = d.confirm(ctx, q)
	if err == nil || errors.Is(err, ErrCancelled) {
		cancel(ErrCancelled)
	}
}

func (c *Conversation) padQuestion(s PINState) question {
	q := c.pinQuestion(s)
	q.text = strings.Replace(q.text, c.askPIN, c.askPad, 1)
	q.yes, q.prompt = "", ""
	return q
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
	if s.Forgotten {
		q.alert = t.pinForgotten
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
