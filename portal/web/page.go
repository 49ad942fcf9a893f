package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

//go:embed pages/*.html
var pages embed.FS

//go:embed static
var static embed.FS

var templates = template.Must(template.ParseFS(pages, "pages/*.html"))

// page is one address of the website in one language. All of it is fixed while the portal runs:
// everything that depends on the person is drawn by the element, from the API.
type page struct {
	Language  string
	Kind      string // renewal, install or legal: the template of its body
	Path      string
	OtherPath string // the same in the other language
	Title     string

	Name, SupportEmail, SupportPhone, PhoneApp string
	Test                                       bool
	Links                                      map[string]string // kind to address, in this language
	Install                                    map[string]string // attribute of <odnowa-install> to address

	Legal         []paragraph
	Version, Hash string
	Plain         string // address of the bytes that the hash is of
}

// addresses of each page by language.
var addresses = map[string]map[string]string{
	"renewal": {"pl": "/odnowienie", "en": "/renewal"},
	"install": {"pl": "/instalacja", "en": "/install"},
	"terms":   terms.paths,
	"privacy": privacy.paths,
}

var pageTitles = map[string]map[string]string{
	"renewal": {"pl": "Odnowienie certyfikatu kwalifikowanego", "en": "Renewal of a qualified certificate"},
	"install": {"pl": "Co trzeba zainstalować", "en": "What to install"},
}

// addPages registers pages and assets. The assets' directory is read now, so that a missing SDK
// shows at the start and not in a browser.
func (s *server) addPages(mux *http.ServeMux) error {
	for kind, paths := range addresses {
		for language, path := range paths {
			html, err := s.render(kind, language)
			if err != nil {
				return err
			}
			mux.Handle("GET "+path, fixed("text/html; charset=utf-8", html))
			if kind == "renewal" && language == "pl" {
				mux.Handle("GET /{$}", fixed("text/html; charset=utf-8", html))
			}
		}
	}
	for _, t := range []legalText{terms, privacy} {
		for language, path := range t.paths {
			mux.Handle("GET "+path+".txt", fixed("text/plain; charset=utf-8", t.bytes(language)))
		}
	}
	return s.addAssets(mux)
}

// sdkFiles are what a page needs of the npm package @odnowa/sdk: the file that it names, and those that it fetches.
var sdkFiles = []string{"odnowa.js", "checks.js", "preparation.js", "texts.pl.js", "texts.en.js"}

func (s *server) addAssets(mux *http.ServeMux) error {
	for _, name := range sdkFiles {
		content, err := os.ReadFile(filepath.Join(s.cfg.Assets, name))
		if err != nil {
			return fmt.Errorf("reading the built SDK: %w", err)
		}
		mux.Handle("GET /assets/"+name, fixed("text/javascript; charset=utf-8", content))
	}
	files, err := fs.ReadDir(static, "static")
	if err != nil {
		return err
	}
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	for _, f := range files {
		content, err := fs.ReadFile(static, "static/"+f.Name())
		if err != nil {
			return err
		}
		mux.Handle("GET /assets/"+f.Name(), fixed(kinds[f.Name()[len(f.Name())-4:]], content))
	}
	return nil
}

func (s *server) render(kind, language string) ([]byte, error) {
	other := map[string]string{"pl": "en", "en": "pl"}[language]
	p := page{
		Language: language, Kind: kind, Path: addresses[kind][language], OtherPath: addresses[kind][other],
		Title: pageTitles[kind][language], Name: s.cfg.Name, Test: s.cfg.Test, PhoneApp: s.cfg.PhoneApp,
		SupportEmail: s.cfg.Support.Email, SupportPhone: s.cfg.Support.Phone, Links: map[string]string{}, Install: s.cfg.Install,
	}
	for k, paths := range addresses {
		p.Links[k] = paths[language]
	}
	for _, t := range []legalText{terms, privacy} {
		if t.name == kind {
			p.Kind = "legal"
			p.Title, p.Legal = parseText(t.bytes(language))
			p.Version, p.Hash, p.Plain = t.version, t.hash(), t.paths["pl"]+".txt"
		}
	}
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, "page.html", p); err != nil {
		return nil, fmt.Errorf("drawing page: %w", err)
	}
	return out.Bytes(), nil
}

// fixed serves the same bytes always; browsers ask again each time, which costs nothing here.
func fixed(mediaType string, content []byte) http.Handler {
	tag := `"` + hexSHA256(content)[:32] + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Write(content) //nolint:errcheck // the client is gone
	})
}
