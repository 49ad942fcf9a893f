//go:build !wine

package local

// claim and claimed have nothing to do on Windows, see first_wine.go.
func claim(string) error   { return nil }
func claimed(string) error { return nil }
