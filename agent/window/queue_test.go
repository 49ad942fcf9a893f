package window

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q queue
		var order []string
		if err := q.acquire(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if err := q.acquire(t.Context(), "a"); !errors.Is(err, ErrBusy) {
			t.Errorf("a second window of the holder's: got %v", err)
		}
		done := make(chan struct{})
		for i, who := range []string{"b", "c", "d"} {
			time.Sleep(time.Millisecond)
			go func() {
				defer func() { done <- struct{}{} }()
				if err := q.acquire(t.Context(), who); err != nil {
					t.Errorf("%s, number %d: %v", who, i, err)
					return
				}
				order = append(order, who)
				q.release()
			}()
		}
		synctest.Wait()
		if err := q.acquire(t.Context(), "b"); !errors.Is(err, ErrBusy) {
			t.Errorf("a second place in the queue: got %v", err)
		}
		if err := q.acquire(t.Context(), "e"); !errors.Is(err, ErrBusy) {
			t.Errorf("a full queue: got %v", err)
		}
		time.Sleep(patience - time.Second)
		q.release()
		for range 3 {
			<-done
		}
		if got, want := fmt.Sprint(order), "[b c d]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestQueueOver: who comes back while the own window is closing waits for that.
func TestQueueOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q queue
		holding, gone := context.WithCancel(t.Context())
		if err := q.acquire(holding, "a"); err != nil {
			t.Fatal(err)
		}
		gone()
		time.AfterFunc(time.Second, q.release)
		if err := q.acquire(t.Context(), "a"); err != nil {
			t.Errorf("the holder, back: %v", err)
		}
		if err := q.acquire(t.Context(), "a"); !errors.Is(err, ErrBusy) {
			t.Errorf("a second window of the holder's: got %v", err)
		}
	})
}

func TestQueuePatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q queue
		if err := q.acquire(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if err := q.acquire(t.Context(), "b"); !errors.Is(err, ErrBusy) || time.Since(begin) != patience {
			t.Errorf("got %v after %v", err, time.Since(begin))
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("the page went")
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if err := q.acquire(ctx, "b"); !errors.Is(err, cause) {
			t.Errorf("got %v, want the cause", err)
		}
		if len(q.waiting) != 0 {
			t.Error("somebody who left still waits")
		}
	})
}

// TestQueueGreedy: a website that opens its window again and again does not keep out one that was turned
// away and tries again.
func TestQueueGreedy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var q queue
		go func() {
			for q.acquire(ctx, "greedy") == nil {
				time.Sleep(time.Minute)
				q.release()
			}
		}()
		synctest.Wait()
		tries := 0
		for ; tries < 100; tries++ {
			if q.acquire(ctx, "modest") == nil {
				break
			}
			time.Sleep(time.Second)
		}
		if tries >= 30 {
			t.Errorf("modest came in after %d tries", tries)
		}
		q.release()
		cancel()
	})
}
