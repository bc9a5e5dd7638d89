// Package readme runs the code blocks of the documentation.
package readme

import (
	"fmt"
	"strings"
)

// block is a fenced block of a Markdown text.
type block struct {
	line int    // of the opening fence
	lang string // first word of the info string
	info string // the rest of it: what to do with the block
	text string
}

// blocks returns the fenced blocks of a Markdown text in their order.
func blocks(markdown string) ([]block, error) {
	const fence = "```"
	var list []block
	var open *block
	number := 0
	for line := range strings.Lines(markdown) {
		number++
		rest, fenced := strings.CutPrefix(line, fence)
		switch {
		case fenced && open == nil:
			lang, info, _ := strings.Cut(strings.TrimSpace(rest), " ")
			open = &block{line: number, lang: lang, info: info}
		case fenced && strings.TrimSpace(rest) == "":
			list = append(list, *open)
			open = nil
		case fenced:
			return nil, fmt.Errorf("line %d: a fence inside of the block of line %d", number, open.line)
		case open != nil:
			open.text += line
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block has no end", open.line)
	}
	return list, nil
}
