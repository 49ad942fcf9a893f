package sam

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"time"
)

// policy is the app's Content-Security-Policy: everything from its own origin, nothing inline, no
// eval but WebAssembly's (Argon2 and the QR reader), and script URLs only as Trusted Types.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html rsign"

// permissions: the camera for the QR code, nothing else.
const permissions = "camera=(self), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()"

// mediaTypes are those of the files that a build has; a file of another kind is no part of it.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".wasm": "application/wasm", ".svg": "image/svg+xml", ".png": "image/png", ".webmanifest": "application/manifest+json",
}

// app is the built phone app, by URL path. It is held in memory: no request reaches a file system.
type app map[string]file

type file struct {
	content         []byte
	mediaType, etag string
}

func readApp(dir string) (app, error) {
	a := app{}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		t, ok := mediaTypes[path.Ext(p)]
		if !ok {
			return fmt.Errorf("%s is no part of an app", p)
		}
		content, err := fs.ReadFile(root, p)
		sum := sha256.Sum256(content)
		a["/"+p] = file{content, t, `"` + hex.EncodeToString(sum[:16]) + `"`}
		return err
	})
	if err == nil && a["/index.html"].content == nil {
		err = errors.New("no index.html")
	}
	if err != nil {
		return nil, fmt.Errorf("reading phone app in %s (make phone builds it): %w", dir, err)
	}
	a["/"] = a["/index.html"]
	return a, nil
}

func (a app) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Permissions-Policy", permissions)
	f, ok := a[req.URL.Path]
	if !ok {
		http.NotFound(w, req)
		return
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "", http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", f.mediaType)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache") // the service worker caches; a new release is seen at once
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(f.content))
}
