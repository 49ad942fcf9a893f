package session

import (
	"context"
	"errors"

	"github.com/odnowa/odnowa/agent/card"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// askPad lets a card sign whose PIN is typed on the reader. Meanwhile the window says so; cancelling there,
// or typing nothing in time, ends the card's call. After a wrong PIN the reader asks again, as in askCard.
func (s *Session) askPad(ctx context.Context, sign card.SignRequest, state window.PINState, w *window.Conversation) ([]byte, error) {
	var again retries
	for {
		value, err := s.onPad(ctx, sign, state, w)
		if err == nil {
			return value, nil
		}
		if !again.after(err) {
			return nil, err
		}
		state = window.PINState{Problem: again.problem, Forgotten: again.lost, State: bridge.PINLow, TriesLeft: toBridge(err).TriesLeft}
		var pin *card.PINError
		if errors.As(err, &pin) {
			state.State = pin.State
		} else if again.lost {
			state.State = bridge.PINOK
		}
	}
}

func (s *Session) onPad(ctx context.Context, sign card.SignRequest, state window.PINState, w *window.Conversation) ([]byte, error) {
	ctx, done, err := w.PINPad(ctx, state)
	if err != nil {
		return nil, err
	}
	defer done()
	value, err := s.Cards.Sign(ctx, sign, func(context.Context, bridge.PINState, *int) ([]byte, error) {
		return nil, bridge.Errorf(bridge.CodeInternal, errors.New("a PIN pad's PIN was asked for in the window"))
	})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return value, err
}
