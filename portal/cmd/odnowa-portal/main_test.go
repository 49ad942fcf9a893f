package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){"odnowa-portal": main})
}

// cleaned ends what the tests have started.
type cleaned struct{ m *testing.M }

func (c cleaned) Run() int {
	defer closeWorld()
	return c.m.Run()
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
