package main

import (
	"slices"
	"strings"
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
	for _, info := range bridge.Codes {
		cause, cure := explain(info.Code)
		if _, ok := own[window.English][info.Code]; (cause == info.Cause && cure == info.Cure) == ok {
			t.Errorf("in English: %s: %q, %q", info.Code, cause, cure)
		}
		if website := strings.Contains(cause+cure, "website") || strings.Contains(cause+cure, " page"); website && !slices.Contains(browser, info.Code) &&
			info.Code != bridge.CodeOriginNotAllowed && info.Code != bridge.CodeRSignUnavailable {
			t.Errorf("speaks of a website to a command: %s: %q, %q", info.Code, cause, cure)
		}
	}
}
