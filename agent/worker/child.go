package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/odnowa/odnowa/agent/pkcs11"
)

// Main is the child: it serves the module at modulePath until its standard input ends, which it does
// when the parent does, even while the module hangs. It gives the process's exit code.
//
// stdin and stdout must be the process's own. Main takes them for the protocol and puts the null
// device and standard error in their place, so that nothing a module reads or prints can get in
// between.
func Main(ctx context.Context, modulePath string, stdin, stdout *os.File) int {
	if err := harden(); err != nil {
		fmt.Fprintln(os.Stderr, "module-worker: hardening the process:", err)
		return 1
	}
	in, out, err := takeStdio(stdin, stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "module-worker: taking standard input and output:", err)
		return 1
	}
	frames, ended := make(chan frame), make(chan struct{})
	go readFrames(in, frames, ended)
	broken := make(chan struct{})
	go func() {
		defer close(broken)
		(&child{path: modulePath, places: map[string]located{}}).serve(out, frames)
	}()
	select {
	case <-ctx.Done():
	case <-ended:
	case <-broken:
		return 1
	}
	return 0
}

type frame struct{ message, secret []byte }

// readFrames reads ahead of the module's calls, to notice the end of the input while one hangs.
func readFrames(in *os.File, frames chan<- frame, ended chan<- struct{}) {
	defer close(ended)
	for {
		message, secret, err := readFrame(in, maxRequest)
		if err != nil {
			return
		}
		frames <- frame{message, secret}
	}
}

// child holds the module. Everything runs on one thread.
type child struct {
	path        string
	module      *pkcs11.Module
	initialized bool
	places      map[string]located // by SHA-256, where certificates were found since the module was initialised
}

// serve answers until nobody listens any more.
func (c *child) serve(out *os.File, frames <-chan frame) {
	runtime.LockOSThread() // modules may keep state by thread; never unlocked
	for f := range frames {
		var q request
		r := &response{}
		if err := json.Unmarshal(f.message, &q); err != nil {
			r.Failure = &failure{Kind: failedOther, Text: "unreadable request"}
		} else if err := c.answer(&q, f.secret, r); err != nil {
			r.Failure = toFailure(err)
		}
		clear(f.secret)
		r.ID = q.ID
		if writeFrame(out, r, nil) != nil {
			return
		}
	}
}

func (c *child) answer(q *request, secret []byte, r *response) (err error) {
	if err := c.ready(); err != nil {
		return err
	}
	switch q.Operation {
	case opList:
		r.Slots, err = c.enumerate(q.Refresh, true)
	case opStatus:
		r.Slots, err = c.enumerate(q.Refresh, false)
	case opFind:
		r.Found, err = c.find(q.Certificate)
	case opSign:
		r.Signature, err = c.sign(q, secret)
	default:
		err = fmt.Errorf("unknown operation %q", q.Operation)
	}
	return err
}

// loadError keeps what went wrong before the module could be asked anything.
type loadError struct{ error }

func (e loadError) Unwrap() error { return e.error }

// ready loads and initialises the module.
func (c *child) ready() error {
	if c.module == nil {
		m, err := pkcs11.Open(c.path)
		if err != nil {
			return loadError{err}
		}
		c.module = m
	}
	if c.initialized {
		return nil
	}
	// Already initialised: by a library that the module loaded. That is as good.
	if err := c.module.Initialize(); err != nil && !errors.Is(err, pkcs11.ErrCryptokiAlreadyInit) {
		return loadError{fmt.Errorf("C_Initialize: %w", err)}
	}
	c.initialized = true
	clear(c.places) // slots may have other numbers
	return nil
}

// restart makes the module look for its tokens anew. It ends all logins.
func (c *child) restart() error {
	c.initialized = false
	if err := c.module.Finalize(); err != nil && !errors.Is(err, pkcs11.ErrCryptokiNotInit) {
		return loadError{fmt.Errorf("C_Finalize: %w", err)}
	}
	return c.ready()
}

// called names the function that gave an error of the module's own.
func called(function string, err error) error {
	var code pkcs11.Error
	if errors.As(err, &code) {
		return &CallError{Function: function, Code: code}
	}
	return err
}

// toFailure is the error as it goes to the parent.
func toFailure(err error) *failure {
	var call *CallError
	switch {
	case errors.As(err, new(loadError)):
		return &failure{Kind: failedLoad, Text: err.Error()}
	case errors.As(err, &call):
		return &failure{Kind: failedCall, Function: call.Function, Code: uint(call.Code), Token: call.Token}
	case errors.Is(err, ErrUnknownCertificate):
		return &failure{Kind: failedUnknown}
	case errors.Is(err, ErrNoPrivateKey):
		return &failure{Kind: failedNoKey}
	case errors.Is(err, ErrPINRequired):
		return &failure{Kind: failedPINRequired}
	}
	return &failure{Kind: failedOther, Text: err.Error()}
}
