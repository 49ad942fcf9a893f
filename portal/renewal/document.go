package renewal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// Document names a document of a renewal.
type Document string

// The documents; each value is its column.
const (
	ApplicationPDF       Document = "application"        // unsigned, with the empty placeholder
	SignedApplicationPDF Document = "application_signed" // with signature and time-stamp
	ApplicationCMS       Document = "application_cms"    // as the agent gave it
	ConfirmationText     Document = "confirmation"
	ConfirmationCMS      Document = "confirmation_cms"
)

// Document reads a document of the session's renewal. Errors: ErrNoSession; *StateError where
// there is none yet.
func (s *Store) Document(ctx context.Context, session string, d Document) ([]byte, error) {
	return s.document(ctx, change{session: session}, d)
}

// DocumentOf reads a document of the renewal with the id.
func (s *Store) DocumentOf(ctx context.Context, id string, d Document) ([]byte, error) {
	return s.document(ctx, change{id: id}, d)
}

func (s *Store) document(ctx context.Context, c change, d Document) ([]byte, error) {
	if !slices.Contains([]Document{ApplicationPDF, SignedApplicationPDF, ApplicationCMS, ConfirmationText, ConfirmationCMS}, d) {
		return nil, fmt.Errorf("reading document: no document %q", d)
	}
	q := &statement{}
	q.WriteString("SELECT state, " + string(d) + " FROM renewals WHERE ")
	s.whose(q, c)
	var state State
	var content []byte
	err := s.query(ctx, q).Scan(&state, &content)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNoSession
	case err != nil:
		return nil, fmt.Errorf("reading document: %w", err)
	case len(content) == 0:
		return nil, &StateError{Action: Action("read_" + string(d)), State: state}
	}
	return content, nil
}
