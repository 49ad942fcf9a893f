//go:build unix

package main

import "github.com/odnowa/odnowa/agent/window"

// systemLanguage where the locale says nothing.
func systemLanguage() window.Language { return window.English }
