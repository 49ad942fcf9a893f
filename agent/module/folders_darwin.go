package module

// folders: known.json has whole paths.
func folders() map[string][]string { return nil }

// systemP11Kit: p11-kit comes with Homebrew only, whose folders are its user's.
func systemP11Kit() p11kit { return p11kit{} }
