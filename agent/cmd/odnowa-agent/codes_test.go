package main

import (
	"slices"
	"testing"

	"github.com/odnowa/odnowa/agent/window"
	"github.com/odnowa/odnowa/protocol/bridge"
)

// TestCodesInPolish: every code that a command can end with.
func TestCodesInPolish(t *testing.T) {
	t.Setenv("LC_ALL", "pl_PL.UTF-8")
	if language() != window.Polish {
		t.Fatal("the locale does not count")
	}
	browser := []bridge.Code{ // a command has neither extension nor seal, and asks again in its window for a PIN
		bridge.CodeInvalidRequest, bridge.CodeUnknownMethod, bridge.CodeVersionUnsupported, bridge.CodeNotPaired, bridge.CodePairingRefused,
		bridge.CodePINIncorrect, bridge.CodePINLength, bridge.CodeSealMissing, bridge.CodeSealInvalid, bridge.CodeSealExpired, bridge.CodeCodesDiffer,
	}
	for _, info := range bridge.Codes {
		cause, cure := explain(info.Code)
		if got := cause != info.Cause && cure != info.Cure; got == slices.Contains(browser, info.Code) {
			t.Errorf("%s: %q, %q", info.Code, cause, cure)
		}
	}
	t.Setenv("LC_ALL", "C.UTF-8")
	if cause, _ := explain(bridge.CodeBusy); cause != bridge.Info(bridge.CodeBusy).Cause {
		t.Errorf("in English: %q", cause)
	}
}
