package sandbox

import "context"

// configurePortal makes the portal's database with one renewal code, and its configuration.
func (m *maker) configurePortal(context.Context) error {
	return nil
}
