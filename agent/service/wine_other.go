//go:build !(windows && wine)

package service

import "context"

// underWine has something to do in tests alone, see wine_windows.go.
func underWine(context.Context, func(context.Context) error) (bool, error) { return false, nil }
