// Command fieldtypes writes the types of package repo that UserFields and its
// like are made of.
//
// They could embed what they have in common. But the methods of an embedded
// generic type are compiled twice for every entity that uses it, once for
// itself and once for the type that embeds it, and a generated package takes a
// fifth longer to build.
package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

func main() {
	files, err := render()
	for name, content := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], name), content, 0o666)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fieldtypes:", err)
		os.Exit(1)
	}
}

//go:embed fields.tmpl
var text string

// render returns the files by name, one for each kind of index.
func render() (map[string][]byte, error) {
	t, err := template.New("").Parse(text)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, index := range []string{"", "Equal", "Range", "Lex", "Member", "Geo"} {
		file := struct {
			Context bool
			Types   []fieldType
		}{index != "" && index != "Geo", fieldTypes(index)}
		var b bytes.Buffer
		if err := t.ExecuteTemplate(&b, "file", file); err != nil {
			return nil, err
		}
		content, err := format.Source(b.Bytes())
		if err != nil {
			return nil, err
		}
		files["fields_"+strings.ToLower(cmp.Or(index, "plain"))+".go"] = content
	}
	return files, nil
}

// fieldType is a type of fields.
type fieldType struct {
	Index string // what finds records by the field; "" for nothing

	// What is not a Column, a patch can change; and add to, if it is a Number.
	Column, Number bool
	Nilable        bool
}

// fieldTypes returns the types of the fields with a kind of index. Column is
// handwritten; a number in the order of its bytes is one in its own order.
func fieldTypes(index string) []fieldType {
	field, number := fieldType{Index: index}, fieldType{Index: index, Number: true}
	switch index {
	case "":
		return []fieldType{field, number}
	case "Member", "Geo":
		return []fieldType{field, nilable(field)}
	}
	types := []fieldType{{Index: index, Column: true}, field, nilable(field)}
	if index != "Lex" {
		types = append(types, number, nilable(number))
	}
	return types
}

func nilable(t fieldType) fieldType {
	t.Nilable = true
	return t
}

// Name returns the name of the type, as gen composes it too.
func (t fieldType) Name() string {
	name := t.Index
	if t.Nilable {
		name = "Nilable" + name
	}
	switch {
	case t.Column:
		return name + "Column"
	case t.Number && t.Index != "":
		return name + "Number"
	case t.Number:
		return "NumberField"
	}
	return name + "Field"
}

// Params returns the type parameters: the record, the value, the element.
func (t fieldType) Params() string {
	switch {
	case t.Geo():
		return "T"
	case t.Member():
		return "T, V, E"
	}
	return "T, V"
}

// Type returns the type as its methods name it.
func (t fieldType) Type() string { return t.Name() + "[" + t.Params() + "]" }

// V returns the type of values.
func (t fieldType) V() string {
	if t.Geo() {
		return "Point"
	}
	return "V"
}

func (t fieldType) Equal() bool  { return t.Index == "Equal" || t.Range() }
func (t fieldType) Range() bool  { return t.Index == "Range" || t.Lex() }
func (t fieldType) Lex() bool    { return t.Index == "Lex" }
func (t fieldType) Member() bool { return t.Index == "Member" }
func (t fieldType) Geo() bool    { return t.Index == "Geo" }
