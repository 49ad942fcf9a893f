package main

import (
	"bytes"
	"os"
	"testing"
)

func TestSchemaIsCurrent(t *testing.T) {
	t.Chdir("../../..")
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("protocol/bridge/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("protocol/bridge/schema.json is not that of the structs: go run ./agent/cmd/bridge-schema")
	}
}
