package window

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/odnowa/odnowa/agent/environ"
)

// osascript shows the system's dialogs, one process a question. Not run on a Mac yet.
//
// VoiceOver reads them, and Tab goes through their buttons where the system's keyboard navigation is on. macOS marks no
// letters on buttons.
const osascript = "/usr/bin/osascript"

type systemPrompter struct{}

func newPrompter(Options) prompter { return systemPrompter{} }

func (systemPrompter) available() error {
	if _, err := exec.LookPath(osascript); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

func (systemPrompter) start(ctx context.Context) (dialog, error) {
	ctx, cancel := context.WithCancel(ctx)
	return &systemDialog{open: ctx, end: cancel}, nil
}

// systemDialog ends its processes with the context of the conversation, or when it closes.
type systemDialog struct {
	open    context.Context
	end     context.CancelFunc
	running sync.WaitGroup
}

func (d *systemDialog) close() {
	d.end()
	d.running.Wait()
}

func (d *systemDialog) confirm(ctx context.Context, q question) (answer, error) {
	said, err := d.show(ctx, q, false)
	defer clear(said)
	if err != nil {
		return 0, err
	}
	switch string(bytes.TrimSpace(said)) {
	case scriptYes:
		return answerYes, nil
	case scriptNo:
		return answerNo, nil
	case scriptGaveUp:
		return 0, ErrTimeout
	}
	return 0, ErrCancelled
}

func (d *systemDialog) pin(ctx context.Context, q question) ([]byte, error) {
	said, err := d.show(ctx, q, true)
	defer clear(said)
	if err != nil {
		return nil, err
	}
	pin, typed := bytes.CutPrefix(said, []byte(scriptYes+"\n"))
	switch {
	case typed:
		return bytes.Clone(bytes.TrimSuffix(pin, []byte("\n"))), nil
	case strings.HasPrefix(string(said[:min(len(said), len(scriptGaveUp))]), scriptGaveUp):
		return nil, ErrTimeout
	}
	return nil, ErrCancelled
}

// show runs a script and gives what it prints, in a buffer of its own that the caller wipes.
func (d *systemDialog) show(ctx context.Context, q question, field bool) ([]byte, error) {
	limit := time.Hour
	if end, ok := ctx.Deadline(); ok {
		limit = time.Until(end)
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.open, cancel)()
	d.running.Add(1)
	defer d.running.Done()
	cmd := exec.CommandContext(running, osascript, "-") // the end of the process closes the dialog
	cmd.Env = environ.Desktop()
	cmd.Stdin = strings.NewReader(script(q, field, limit))
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	said := make([]byte, 0, maxLine)
	n, readErr := io.ReadFull(out, said[:cap(said)])
	said = said[:n]
	if err := cmd.Wait(); err != nil {
		clear(said)
		for _, ended := range []context.Context{ctx, d.open} {
			if ended.Err() != nil {
				return nil, context.Cause(ended)
			}
		}
		// Escape ends a dialog as error -128 where a button is called Cancel.
		return nil, ErrCancelled
	}
	if readErr == nil || !errors.Is(readErr, io.ErrUnexpectedEOF) && !errors.Is(readErr, io.EOF) {
		clear(said)
		return nil, errors.New("the dialog said too much")
	}
	return said, nil
}
