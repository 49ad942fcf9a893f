package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/odnowa/odnowa/protocol/bridge"

	"github.com/odnowa/odnowa/agent/session"
)

// maxFile is the most bytes of a file that is signed; it is held in memory, so that what is shown is what gets
// signed.
const maxFile = 256 << 20

// runSign signs a file: odnowa-agent sign [--certificate ID] FILE.
func runSign(ctx context.Context, args []string, s stdio) int {
	id, path := "", args[len(args)-1]
	if len(args) == 4 {
		id = strings.ToLower(args[2])
	}
	document, err := readDocument(path)
	if err != nil {
		return fail(s.err, err, say("Wskaż jeden plik, który możesz odczytać i który nie jest jeszcze podpisany.",
			"Name one file that you can read and that is not signed yet."))
	}
	c, err := openCommand(ctx, s, true)
	if err != nil {
		return failOpening(s.err, err)
	}
	defer c.close()
	certificate, err := c.choose(ctx, id)
	if err != nil {
		return c.fail(err)
	}
	cms, err := c.session.SignFile(ctx, session.FileOrder{
		CertificateID: certificate.ID, Document: document, Language: language(),
		Progress: func(state bridge.ProgressState) { fmt.Fprintln(s.err, progressText(state)) },
		Hash: func(digest []byte) {
			fmt.Fprintf(s.err, "%s: %x %x %x %x\n", say("Skrót na telefonie", "Hash on the phone"), digest[:2], digest[2:4], digest[4:6], digest[6:8])
		},
	})
	if err != nil {
		return c.fail(err)
	}
	if err := writeNew(path+signatureEnding, cms); err != nil {
		return fail(s.err, err, say("Podpis powstał, ale nie udało się go zapisać. Zrób miejsce na dysku i podpisz ponownie.",
			"The signature was made but could not be kept. Make room and sign again."))
	}
	fmt.Fprintln(s.out, path+signatureEnding)
	return 0
}

// signatureEnding is what detached CMS signatures are known by (RFC 8551 section 3.2.1).
const signatureEnding = ".p7s"

// readDocument reads a file whose signature does not exist yet.
func readDocument(path string) (bridge.Document, error) {
	var d bridge.Document
	if _, err := os.Lstat(path + signatureEnding); err == nil {
		return d, fmt.Errorf(say("%s już istnieje", "%s exists already"), path+signatureEnding)
	}
	f, err := os.Open(path)
	if err != nil {
		return d, fmt.Errorf(say("nie można otworzyć pliku: %w", "opening the file: %w"), err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return d, fmt.Errorf(say("nie można otworzyć pliku: %w", "opening the file: %w"), err)
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return d, fmt.Errorf(say("%s nie jest plikiem, w którym coś jest", "%s is not a file with something in it"), path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return d, fmt.Errorf(say("nie można odczytać pliku: %w", "reading the file: %w"), err)
	}
	if len(data) > maxFile {
		return d, fmt.Errorf(say("%s ma więcej niż %d MiB", "%s is larger than %d MiB"), path, maxFile>>20)
	}
	return bridge.Document{Name: filepath.Base(path), MediaType: mediaType(path), Bytes: data}, nil
}

// mediaType is that of documents that the window can show. All others are bytes.
func mediaType(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".pdf":
		return "application/pdf"
	case ".txt":
		return "text/plain"
	}
	return "application/octet-stream"
}

// writeNew writes a file that must not exist; a half-written one does not stay.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf(say("nie można zapisać podpisu: %w", "writing the signature: %w"), err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf(say("nie można zapisać podpisu: %w", "writing the signature: %w"), err), os.Remove(path))
	}
	return nil
}

// choose gives the certificate with this id, or beginning of an id; without one, the only one that can
// sign documents.
func (c *command) choose(ctx context.Context, id string) (*bridge.Certificate, error) {
	filter := bridge.Filter{NonRepudiation: true, Valid: true}
	if id != "" {
		filter = bridge.Filter{} // its owner chose it
	}
	list, err := c.session.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	fitting := slices.DeleteFunc(list.Certificates, func(b bridge.Certificate) bool { return !strings.HasPrefix(b.ID, id) })
	switch {
	case len(fitting) == 1 && (id == "" || len(id) >= minID):
		return &fitting[0], nil
	case len(fitting) > 1 || id != "" && len(id) < minID:
		return nil, errSeveral
	case id == "":
		return nil, bridge.Errorf(c.missing(ctx), nil)
	}
	return nil, bridge.Errorf(bridge.CodeCertificateUnknown, nil)
}

// missing is the first thing that a person must mend who sees no certificate.
func (c *command) missing(ctx context.Context) bridge.Code {
	if status, err := c.session.Cards.Status(ctx); err == nil && status.Code != "" {
		return status.Code
	}
	return bridge.CodeNoCertificate
}

// minID is the fewest digits by which a certificate is called; the list prints 16.
const minID = 8

var errSeveral = errors.New("several certificates fit")

func progressText(state bridge.ProgressState) string {
	switch state {
	case bridge.WaitingForPIN:
		return say("Spójrz na okno, które się otworzyło, i podaj w nim PIN karty.", "Look at the window that opened, and type the card's PIN there.")
	case bridge.WaitingForPhone:
		return say("Weź telefon: porównaj skrót i zatwierdź tam podpis.", "Take your phone: compare the hash and approve the signature there.")
	case bridge.Signing:
		return say("Podpisywanie.", "Signing.")
	}
	return string(state)
}
