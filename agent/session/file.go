package session

import (
	"context"
	"errors"

	"github.com/odnowa/odnowa/agent/access"
	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// FileOrder asks for a signature on the user's own command: any document, without a seal, as CAdES.
type FileOrder struct {
	CertificateID string
	// Document may be of any media type; the window offers to view those that it can show.
	Document bridge.Document
	Language window.Language
	// Progress is told what is waited for.
	Progress func(bridge.ProgressState)
	// Hash is told the hash that the window has shown the beginning of and that the phone will show, where
	// the key is in the cloud.
	Hash func(digest []byte)
}

// SignFile has a document signed under the person's eyes, like a website's, and gives the detached CMS.
func (s *Session) SignFile(ctx context.Context, f FileOrder) ([]byte, error) {
	if err := s.rules().Decide(command, access.SignUnsealed); err != nil {
		return nil, err
	}
	o := order{portals: s.rules().Portals(command), language: f.Language, progress: f.Progress, hash: f.Hash}
	result, err := s.signRecorded(ctx, o, func(o order) (*task, error) {
		if len(f.Document.Bytes) == 0 {
			return nil, bridge.Errorf(bridge.CodeDocumentRefused, errors.New("empty document"))
		}
		return s.whole(ctx, o, f.CertificateID, f.Document)
	})
	if err != nil {
		return nil, toBridge(err)
	}
	return result.CMS, nil
}
