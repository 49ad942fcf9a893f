package session

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/creachadair/jrpc2"
	"go.uber.org/zap"

	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
	"github.com/odnowa/odnowa/protocol/seal"
)

// codes maps what the parts say to the codes of the protocol.
var codes = []struct {
	err  error
	code bridge.Code
}{
	{window.ErrBusy, bridge.CodeBusy},
	{window.ErrUnavailable, bridge.CodeWindowUnavailable},
	{window.ErrCancelled, bridge.CodeUserCancelled},
	{window.ErrTimeout, bridge.CodeTimeout},
	{window.ErrCodesDiffer, bridge.CodeCodesDiffer},
	{window.ErrTooLong, bridge.CodeDocumentRefused},
	{seal.ErrInvalid, bridge.CodeSealInvalid},
	{seal.ErrMismatch, bridge.CodeSealInvalid},
	{seal.ErrExpired, bridge.CodeSealExpired},
	{cades.ErrSignature, bridge.CodeSigningFailed},
	{cades.ErrAlgorithm, bridge.CodeDocumentRefused},
	{context.Canceled, bridge.CodeRequestCancelled},
	{context.DeadlineExceeded, bridge.CodeTimeout},
}

// toBridge gives the error that may be shown. What it does not know is internal.
func toBridge(err error) *bridge.Error {
	var be *bridge.Error
	if errors.As(err, &be) {
		return be
	}
	var fields *window.FieldsError
	if errors.As(err, &fields) {
		return bridge.Errorf(bridge.CodeDocumentRefused, err)
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return bridge.Errorf(c.code, err)
		}
	}
	return bridge.Errorf(bridge.CodeInternal, err)
}

// explain turns err into what may be shown and logs the rest.
func (c *conn) explain(method string, err error) *bridge.Error {
	be := toBridge(err)
	c.Log.Info("request refused", zap.String("method", method), zap.String("errorCode", string(be.Code)), zap.NamedError("cause", be.Err))
	return be
}

// wireError is the JSON-RPC form: number, fixed English text, symbolic code.
func wireError(e *bridge.Error) *jrpc2.Error {
	info := bridge.Info(e.Code)
	data, err := json.Marshal(bridge.ErrorData{Code: info.Code, TriesLeft: e.TriesLeft})
	if err != nil {
		data = nil // two scalars always marshal
	}
	return &jrpc2.Error{Code: jrpc2.Code(info.Number), Message: info.Cause, Data: data}
}
