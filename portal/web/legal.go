package web

import (
	"embed"
	"strings"
)

//go:embed texts/*.txt
var texts embed.FS

// legalText is terms or privacy notice. The Polish text binds; the version and the hash of its bytes
// are kept with each acceptance, and the bytes themselves are served, so that anybody can compare.
type legalText struct {
	name    string // file: texts/<name>.<language>.txt
	version string
	paths   map[string]string // language to page
}

// A changed text gets a new version: a test holds each version to its hash.
var (
	terms   = legalText{"terms", "1.0", map[string]string{"pl": "/regulamin", "en": "/terms"}}
	privacy = legalText{"privacy", "1.0", map[string]string{"pl": "/prywatnosc", "en": "/privacy"}}
)

func (t legalText) bytes(language string) []byte {
	b, err := texts.ReadFile("texts/" + t.name + "." + language + ".txt")
	if err != nil {
		panic("web: embedded text is missing: " + err.Error())
	}
	return b
}

func (t legalText) hash() string { return hexSHA256(t.bytes("pl")) }

func (t legalText) legal() LegalText {
	return LegalText{Version: t.version, Url: t.paths["pl"], Sha256: t.hash()}
}

// paragraph is a heading, a paragraph or a list.
type paragraph struct {
	Heading, Text string
	Items         []string
}

// parseText reads the few forms of the texts: a title in the first line, then paragraphs between
// empty lines; "§ " begins a heading, "- " each item of a list.
func parseText(b []byte) (title string, body []paragraph) {
	blocks := strings.Split(strings.TrimSpace(string(b)), "\n\n")
	for _, block := range blocks[1:] {
		lines := strings.Split(block, "\n")
		switch {
		case strings.HasPrefix(block, "§ "):
			body = append(body, paragraph{Heading: strings.TrimPrefix(block, "§ ")})
		case strings.HasPrefix(block, "- "):
			var items []string
			for _, line := range lines {
				items = append(items, strings.TrimPrefix(line, "- "))
			}
			body = append(body, paragraph{Items: items})
		default:
			body = append(body, paragraph{Text: strings.Join(lines, " ")})
		}
	}
	return blocks[0], body
}
