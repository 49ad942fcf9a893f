// Package window is the agent's trusted window: the one place where a person sees what they sign,
// compares codes and types the PIN.
//
// It has the words for everything it shows (text.go); from outside come only values, and those
// lose control and bidirectional characters and are capped. One window is open at a time in a
// login, and others wait a moment for it (queue.go). It knows no card and no seal: what to show is decided before, what the PIN is good for
// after. PINs leave it as bytes that the receiver wipes.
package window

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"

	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/seal"
)

var (
	// ErrBusy means that another window is open, and was for as long as one waits.
	ErrBusy = errors.New("another window is open")
	// ErrUnavailable means that no window can be opened on this desktop.
	ErrUnavailable = errors.New("no window can be opened")
	// ErrCancelled means that the person said no.
	ErrCancelled = errors.New("the person cancelled")
	// ErrTimeout means that nobody answered a question in its time.
	ErrTimeout = errors.New("nobody answered in time")
	// ErrCodesDiffer means that the person said that the phone shows another code.
	ErrCodesDiffer = errors.New("the codes differ")
	// ErrTooLong means that what must be shown does not fit, so that nothing is asked at all.
	ErrTooLong = errors.New("text does not fit into the window")
)

// Language of a window.
type Language string

// The languages.
const (
	Polish  Language = "pl"
	English Language = "en"
)

// Request is what the person is asked about. Strings may hold anything.
type Request struct {
	Language Language
	// Origin is who asks; empty for the user's own command.
	Origin string
	// Kind is empty for a document without a seal.
	Kind seal.Kind
	// Show has the sealed fields; a confirmation has exactly one FieldPhoneCode.
	Show []seal.Shown
	// Document is what gets signed; these bytes are what "View document" opens.
	Document bridge.Document
	// Digest is the hexadecimal SHA-256 of the document, shown when there is no seal.
	Digest string
	// Holder is the common name in the certificate that signs, Reader where it is.
	Holder string
	Reader string
	// PINPad says that the PIN will be typed on the reader: no question for it follows.
	PINPad bool
	// PhoneHash is hexadecimal where the phone approves instead of a PIN: the phone shows its beginning,
	// too.
	PhoneHash string
}

// PINState is what the person must know before typing.
type PINState struct {
	State bridge.PINState
	// Problem is why the PIN is asked for again: pin_incorrect or pin_length, else empty.
	Problem bridge.Code
	// Forgotten: it is asked for again as the card forgot it before it had signed, for which no try was used.
	Forgotten bool
	// TriesLeft is set where the token tells it.
	TriesLeft *int
}

// Window opens the windows of one session.
type Window struct {
	prompter prompter
	viewer   viewer
	timeout  time.Duration
	log      *zap.Logger

	queue     queue // whoever has it may open a window
	exclusive func() (io.Closer, error)
}

// Options configure a Window.
type Options struct {
	// Pinentry and Viewer are absolute paths, or empty for what the desktop has.
	Pinentry string
	Viewer   string
	// Terminal is the path of the terminal in which the window may open where there is no display
	// (Linux). For what its user typed there, and never for websites.
	Terminal string
	// Exclusive keeps the windows of the login's other processes closed until what it gives is closed;
	// its error is ErrBusy where one is open. Nil where there is nobody else.
	Exclusive func() (io.Closer, error)
	// Timeout bounds each question.
	Timeout time.Duration
	Log     *zap.Logger
}

// New makes the window of this desktop. It opens nothing yet.
func New(o Options) *Window {
	return &Window{prompter: newPrompter(o), viewer: newViewer(o.Viewer), timeout: o.Timeout, log: o.Log, exclusive: o.Exclusive}
}

// conversations may last as long as this many questions.
const maxQuestions = 5

// MaxDuration is how long a conversation may last, with all its questions.
func (w *Window) MaxDuration() time.Duration { return maxQuestions * w.timeout }

// Available says why no window could be opened, or nil.
func (w *Window) Available() error { return w.prompter.available() }

// prompter makes dialogs. One implementation a desktop.
type prompter interface {
	available() error
	// start gets a dialog ready; ctx ends it at any time.
	start(ctx context.Context) (dialog, error)
}

// dialog asks one question at a time.
type dialog interface {
	confirm(ctx context.Context, q question) (answer, error)
	pin(ctx context.Context, q question) ([]byte, error)
	close()
}

// question is all that a dialog shows. Texts are clean already.
type question struct {
	title  string
	text   string
	yes    string // absent when empty: nothing to decide here, and any answer is a cancellation
	no     string // the third button, absent when empty
	cancel string
	other  string // what stands for no and cancel together, where a desktop has two buttons only
	prompt string // label of the PIN's field
	alert  string // what went wrong before
}

// answer to a confirmation; cancel is an error.
type answer int

const (
	answerYes answer = iota
	answerNo
)

// ConfirmPairing asks whether the browser shows this code of six digits too.
func (w *Window) ConfirmPairing(ctx context.Context, lang Language, browser, code string) error {
	t := words(lang)
	c := w.Conversation(ctx, lang, pairing)
	defer c.Close()
	if err := c.isReady(); err != nil {
		return err
	}
	q := question{
		title:  t.title,
		text:   line("", clean(browser, maxValue)) + "\n" + t.pairing + "\n\n" + groups(code),
		yes:    t.codesSame,
		no:     t.codesDiffer,
		cancel: t.cancel,
		other:  t.other,
	}
	c.end = time.Now().Add(w.MaxDuration())
	a, err := c.confirm(ctx, q)
	if err == nil && a == answerNo {
		err = ErrCodesDiffer
	}
	return err
}

// pairing stands for the origin in the queue; no origin is called that.
const pairing = "pairing"

// keepOut waits until no other process of the login has a window.
func (w *Window) keepOut(ctx context.Context) (io.Closer, error) {
	if w.exclusive == nil {
		return nil, nil
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; {
		others, err := w.exclusive()
		switch {
		case err == nil:
			return others, nil
		case !errors.Is(err, ErrBusy):
			return nil, fmt.Errorf("%w: keeping other windows closed: %w", ErrUnavailable, err)
		case time.Now().After(end):
			return nil, ErrBusy
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
