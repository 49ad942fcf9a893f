package main

import (
	"context"
	"io"

	"github.com/odnowa/odnowa/portal/audit"
	"github.com/odnowa/odnowa/portal/issuer"
	"github.com/odnowa/odnowa/portal/profile"
	"github.com/odnowa/odnowa/portal/sam"
	"github.com/odnowa/odnowa/portal/sandbox"
	"github.com/odnowa/odnowa/portal/web"
)

// commands are roles (each a process) and tools.
var commands = []struct {
	name, help string
	run        func(ctx context.Context, args []string, stdout, stderr io.Writer) int
}{
	{"serve", "the website and its renewals", web.Main},
	{"issuer", "the CA's process: documents, certificates, OCSP, CRL, time-stamps", issuer.Main},
	{"sam", "the process that holds people's signing keys and knows their phones", sam.Main},
	{"code create", "sell a renewal: print a new code", createCode},
	{"revoke", "revoke a certificate", issuer.RevokeMain},
	{"lint", "check certificates against the profile", profile.Main},
	{"audit verify", "check an audit log and print its head", audit.Main},
	{"sandbox create", "make a CA for trying and testing", sandbox.Main},
	{"sandbox conformance", "make what the conformance kit needs to try the sandbox", sandbox.ConformanceMain},
	{"sandbox phone", "a phone without screens: reads an enrolment URL, prints the phone's six digits", sandbox.PhoneMain},
}
