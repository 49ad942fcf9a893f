package main

import (
	"crypto/rand"
	"testing"

	"github.com/odnowa/odnowa/agent/card/cardtest"
	"github.com/odnowa/odnowa/agent/policy"
	"github.com/odnowa/odnowa/agent/window/windowtest"
	"github.com/odnowa/odnowa/protocol/bridge"
	"github.com/odnowa/odnowa/protocol/cades"
)

// TestDocumentsApart: of several large documents at once, in memory that is used again, each gets the signature of its
// own, whatever becomes of the others.
func TestDocumentsApart(t *testing.T) {
	var sign cardtest.Certificate
	r, b, person := staged(t, func(r *rig) {
		r.policy.Origins[0].Documents = policy.Document
		// Its documents are hashed once more after the window.
		sign = r.card.Add(t, cardtest.Key{Name: "p384", Kind: "EC:secp384r1", ID: "0a"})
	})
	start := func(size int, certificate string) ([]byte, <-chan answer) {
		document := make([]byte, size)
		rand.Read(document)
		_, ch := b.send(bridge.MethodCreateSignature, bridge.SignParams{
			Caller: testCaller, CertificateID: certificate, Format: bridge.FormatCAdES,
			Document: bridge.Document{Name: "a.pdf", MediaType: "application/pdf", Bytes: document},
		})
		return document, ch
	}
	refused := func(ch <-chan answer, want bridge.Code) {
		t.Helper()
		if a := b.wait(ch); a.Error == nil || a.Error.Data.Code != want {
			t.Errorf("got %+v, want %s", a.Error, want)
		}
	}
	unknown := r.card.Certificate(cardtest.Sign).ID[1:] + "0"
	for _, size := range []int{1 << 20, 600 << 10, 1<<20 + 1} {
		person.Plan(t, windowtest.Wait, windowtest.Answer(r.card.PIN))
		first, signed := start(size, sign.ID)
		person.WaitAsked(t, 1)
		_, early := start(size-1, sign.ID)
		_, lost := start(size+1, unknown)
		refused(early, bridge.CodeBusy)
		refused(lost, bridge.CodeCertificateUnknown)
		person.Go(t)
		verify(t, b.wait(signed), cades.CAdES, first, sign)
	}
}
