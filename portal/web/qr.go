package web

import (
	"bytes"
	"fmt"

	"github.com/skip2/go-qrcode"
)

// qrSVG draws a QR code with its quiet zone, one unit a module, each row's dark runs as one path.
func qrSVG(content string) ([]byte, error) {
	code, err := qrcode.New(content, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("drawing QR code: %w", err)
	}
	modules := code.Bitmap()
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges">`+
		`<rect width="%[1]d" height="%[1]d" fill="#fff"/><path fill="#000" d="`, len(modules))
	for y, row := range modules {
		for x := 0; x < len(row); x++ {
			start := x
			for x < len(row) && row[x] {
				x++
			}
			if x > start {
				fmt.Fprintf(&out, "M%d %dh%dv1H%dz", start, y, x-start, start)
			}
		}
	}
	out.WriteString(`"/></svg>`)
	return out.Bytes(), nil
}
