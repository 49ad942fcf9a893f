//go:build browser

package sam

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"

	"github.com/odnowa/odnowa/portal/link"
)

// TestPhoneInBrowser drives the built phone app in Chromium against this SAM, with a film of the QR
// code as its camera (portal/phone/test/browser.mjs). make test-phone builds the app and runs it.
func TestPhoneInBrowser(t *testing.T) {
	chromium := tool(t, "chromium", "apt-get install chromium")
	node := tool(t, "node", "apt-get install nodejs, or a newer one: at least 20")
	phoneApp, err := readApp("../phone/dist")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.public.Config.Handler = newPublic(w.r, w.config, phoneApp)
	film := filepath.Join(t.TempDir(), "camera.y4m")
	portal := httptest.NewServer(portalOf(w, film))
	t.Cleanup(portal.Close)
	cmd := exec.CommandContext(t.Context(), node, "../phone/test/browser.mjs", chromium, w.config.PublicURL+"/", portal.URL, film)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func tool(t *testing.T, name, cure string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no %s (%s)", name, cure)
	}
	return path
}

// portalOf plays the portal and the issuer.
func portalOf(w *world, film string) http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, f func(id string) (any, error)) {
		mux.HandleFunc(path, func(rw http.ResponseWriter, req *http.Request) {
			v, err := f(req.FormValue("id"))
			if err != nil {
				w.t.Errorf("%s: %v", path, err)
				rw.WriteHeader(http.StatusInternalServerError)
				return
			}
			link.WriteJSON(rw, http.StatusOK, v)
		})
	}
	ctx := w.t.Context()
	handle("/create", func(string) (any, error) {
		id, token, err := w.r.create(ctx, "renewal-"+random())
		if err == nil {
			err = w.r.setNumber(ctx, id, "WN/2026/TEST-1")
		}
		url := w.config.PublicURL + "/#" + token
		if err == nil {
			err = os.WriteFile(film, filmOf(w.t, url), 0o600)
		}
		return object{"id": id, "url": url}, err
	})
	look := func(id string) (*Enrolment, error) { return w.r.wait(ctx, id, 0, 0) }
	handle("/look", func(id string) (any, error) { return look(id) })
	handle("/confirm", func(id string) (any, error) {
		e, err := look(id)
		if err != nil {
			return nil, err
		}
		return object{}, w.r.confirm(ctx, id, e.Statement)
	})
	handle("/issue", func(id string) (any, error) {
		var key []byte
		if err := w.r.db.QueryRow(`SELECT key FROM enrolments WHERE id = $1`, id).Scan(&key); err != nil {
			return nil, err
		}
		cert, chain := issue(w.t, key)
		return object{}, w.r.activate(ctx, id, cert, chain)
	})
	handle("/void", func(id string) (any, error) { return object{}, w.r.void(ctx, id) })
	handleComputer(w, handle)
	return mux
}

// handleComputer plays a computer, one at a time.
func handleComputer(w *world, handle func(path string, f func(id string) (any, error))) {
	c, asked, hash := w.computer(), "", digest("document")
	var credential string
	refusal := func(a signed) (any, error) {
		var out struct{ Error string }
		err := json.Unmarshal(a.body, &out)
		return object{"answer": out.Error}, err
	}
	handle("/computer", func(string) (any, error) {
		c = w.computer()
		c.register("").into(http.StatusCreated, nil)
		return object{"code": c.code()}, nil
	})
	handle("/ask", func(label string) (any, error) {
		if c.token == "" {
			c.newToken().into(http.StatusOK, nil)
			credential = c.state().Credential
		}
		body := c.authorizeBody(credential, hash)
		body["description"] = label
		a := c.call("POST", "credentials/authorize", body)
		if a.status != http.StatusAccepted {
			return refusal(a)
		}
		var out struct{ Handle string }
		err := json.Unmarshal(a.body, &out)
		asked = out.Handle
		return object{"hash": fmt.Sprintf("%x %x %x %x", hash[:2], hash[2:4], hash[4:6], hash[6:8])}, err
	})
	handle("/answer", func(string) (any, error) {
		a := c.call("POST", "credentials/authorizeCheck", object{"handle": asked})
		if a.status != http.StatusOK {
			return refusal(a)
		}
		var out struct{ SAD string }
		if err := json.Unmarshal(a.body, &out); err != nil {
			return nil, err
		}
		c.sign(credential, out.SAD, hash).into(http.StatusOK, nil)
		return object{"answer": "signed"}, nil
	})
}

// filmOf is one frame of 640x480, YUV4MPEG2, that shows the QR code.
func filmOf(t *testing.T, text string) []byte {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		t.Error(err)
		return nil
	}
	const width, height, dot = 640, 480, 8
	var b strings.Builder
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420\nFRAME\n", width, height)
	bits := code.Bitmap()
	left, top := (width-len(bits)*dot)/2, (height-len(bits)*dot)/2
	for y := range height {
		for x := range width {
			row, column := (y-top)/dot, (x-left)/dot
			if y >= top && x >= left && row < len(bits) && column < len(bits) && bits[row][column] {
				b.WriteByte(16)
			} else {
				b.WriteByte(235)
			}
		}
	}
	b.WriteString(strings.Repeat("\x80", width*height/2))
	return []byte(b.String())
}
