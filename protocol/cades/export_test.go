package cades

// TestOnlyMarshal writes a signature again.
var TestOnlyMarshal = (*Signature).marshal
