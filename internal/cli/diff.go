package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// diff is c as a unified diff that git apply and patch -p1 understand.
func (c change) diff() string {
	name := filepath.ToSlash(shortPath(c.path))
	from, to := "a/"+name, "b/"+name
	if c.old == nil {
		from = "/dev/null"
	}
	if c.new == nil {
		to = "/dev/null"
	}
	return udiff.Unified(from, to, string(c.old), string(c.new))
}

// colourful reports whether w is a terminal whose user has nothing against
// colours (https://no-color.org).
func colourful(w io.Writer) bool {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// colourDiff paints the unified diff of one file as git does.
func colourDiff(diff string) string {
	const bold, red, green, cyan, reset = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[m"
	var b strings.Builder
	header := 2 // lines, which start like those of a removed Lua comment
	for line := range strings.Lines(diff) {
		paint := ""
		switch header--; {
		case header >= 0:
			paint = bold
		case strings.HasPrefix(line, "@@"):
			paint = cyan
		case strings.HasPrefix(line, "-"):
			paint = red
		case strings.HasPrefix(line, "+"):
			paint = green
		}
		text, newline := strings.CutSuffix(line, "\n")
		if paint != "" {
			text = paint + text + reset
		}
		b.WriteString(text)
		if newline {
			b.WriteString("\n")
		}
	}
	return b.String()
}
