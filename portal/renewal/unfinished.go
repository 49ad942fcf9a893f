package renewal

import (
	"context"
	"fmt"
)

// VoidKind is what must be made void elsewhere.
type VoidKind string

// The kinds.
const (
	VoidApplication VoidKind = "application" // at the issuer, by number
	VoidEnrolment   VoidKind = "enrolment"   // at the SAM, by id
)

// Void is something that issuer or SAM still has to be told is void.
type Void struct {
	Kind    VoidKind
	Subject string
}

// AddVoid keeps that something drawn up was never stored and has to be made void.
func (s *Store) AddVoid(ctx context.Context, v Void) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO voids (kind, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING`, v.Kind, v.Subject)
	if err != nil {
		return fmt.Errorf("storing void: %w", err)
	}
	return nil
}

// Voids lists what is still to be told; transitions that forget an application add to it.
func (s *Store) Voids(ctx context.Context) ([]Void, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT kind, subject FROM voids ORDER BY kind, subject LIMIT 100`)
	if err != nil {
		return nil, fmt.Errorf("reading voids: %w", err)
	}
	defer rows.Close()
	var out []Void
	for rows.Next() {
		var v Void
		if err := rows.Scan(&v.Kind, &v.Subject); err != nil {
			return nil, fmt.Errorf("reading voids: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// Voided takes one off the list.
func (s *Store) Voided(ctx context.Context, v Void) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM voids WHERE kind = $1 AND subject = $2`, v.Kind, v.Subject)
	if err != nil {
		return fmt.Errorf("storing void: %w", err)
	}
	return nil
}

// Unfinished lists the ids of confirmed renewals of which the issuer or, after issue, the SAM still
// has to be asked.
func (s *Store) Unfinished(ctx context.Context) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT id FROM renewals
		WHERE state IN ('confirmed', 'issuing', 'issued') AND delivered = 0 ORDER BY changed LIMIT 100`)
	if err != nil {
		return nil, fmt.Errorf("reading unfinished renewals: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading unfinished renewals: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// ByID reads a renewal for the portal itself.
func (s *Store) ByID(ctx context.Context, id string) (*Renewal, error) {
	return s.find(ctx, change{id: id})
}
