package gen

import (
	"go/scanner"
	"go/token"
	"iter"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/schema"
)

// part is a piece of a [schema.Type.Go] expression: the name of a package's
// type or constant, or Go source between such names.
type part struct {
	path, name string
	source     string // when name is empty
}

// parts splits a [schema.Type.Go] expression.
func parts(expr string) []part {
	type lexeme struct {
		tok      token.Token
		from, to int
		text     string
	}
	var lexemes []lexeme
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(expr))
	s.Init(file, []byte(expr), func(token.Position, string) {}, 0)
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			break
		}
		from := file.Offset(pos)
		lexemes = append(lexemes, lexeme{tok, from, from + len(text), text})
	}
	var out []part
	done := 0
	for i := 0; i+2 < len(lexemes); i++ {
		path, dot, name := lexemes[i], lexemes[i+1], lexemes[i+2]
		if path.tok != token.STRING || dot.tok != token.PERIOD || name.tok != token.IDENT {
			continue
		}
		unquoted, err := strconv.Unquote(path.text)
		if err != nil {
			continue
		}
		if done < path.from {
			out = append(out, part{source: expr[done:path.from]})
		}
		out = append(out, part{path: unquoted, name: name.text})
		done = name.to
	}
	if done < len(expr) {
		out = append(out, part{source: expr[done:]})
	}
	return out
}

// qualified yields the import path and the name of each package-level
// identifier in a [schema.Type.Go] expression.
func qualified(expr string) iter.Seq2[string, string] {
	return func(yield func(path, name string) bool) {
		for _, p := range parts(expr) {
			if p.name != "" && !yield(p.path, p.name) {
				return
			}
		}
	}
}

// goType renders a [schema.Type.Go] expression.
func goType(expr string) *jen.Statement {
	s := &jen.Statement{}
	for _, p := range parts(expr) {
		if p.name != "" {
			s.Qual(p.path, p.name)
		} else {
			s.Op(p.source)
		}
	}
	return s
}

// native is the Go type in which package repo takes and returns the values
// of a kind, "" where it takes them as they are.
func native(k schema.Kind) string {
	switch k {
	case schema.String:
		return "string"
	case schema.Bool:
		return "bool"
	case schema.Int, schema.Duration:
		return "int64"
	case schema.Uint:
		return "uint64"
	case schema.Float:
		return "float64"
	}
	return ""
}

// toNative converts x of type t to what package repo takes.
func toNative(t schema.Type, x jen.Code) jen.Code {
	if n := native(t.Kind); n != "" && n != t.Go {
		return jen.Id(n).Call(x)
	}
	return x
}

// fromNative converts x, returned by package repo, to type t. Any byte slice
// can be assigned as it is.
func fromNative(t schema.Type, x jen.Code) jen.Code {
	if n := native(t.Kind); n != "" && n != t.Go {
		return goType(t.Go).Call(x)
	}
	return x
}

// bits is the width of a number as package repo counts it: 0 is that of int.
func bits(t schema.Type) int {
	switch t.Kind {
	case schema.Duration:
		return 64
	case schema.Int, schema.Uint, schema.Float:
		return t.Bits
	}
	return 0
}
