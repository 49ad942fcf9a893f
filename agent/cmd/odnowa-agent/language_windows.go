package main

import (
	"strings"

	"golang.org/x/sys/windows"

	"github.com/odnowa/odnowa/agent/window"
)

// systemLanguage is the language of the user's desktop: the first of those that the user prefers.
func systemLanguage() window.Language {
	names, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err == nil && len(names) > 0 && strings.HasPrefix(strings.ToLower(names[0]), "pl") {
		return window.Polish
	}
	return window.English
}
