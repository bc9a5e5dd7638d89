package load

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"github.com/redisgen/redisgen/schema"
)

// declaration is a type with directives.
type declaration struct {
	spec    *ast.TypeSpec
	doc     string
	entity  *directive
	indexes []*directive
}

// directive is a comment "//redisgen:name args".
type directive struct {
	name string
	args string
	pos  token.Pos // of the comment
	at   int       // offset of args in the comment
}

func newDirective(c *ast.Comment) *directive {
	name, args, at, ok := schema.ParseDirective(strings.TrimRight(c.Text, " \t\r"))
	if !ok {
		return nil
	}
	return &directive{name, args, c.Pos(), at}
}

// at returns a function from offsets in the directive's arguments to positions.
func (l *loader) at(d *directive) func(offset int) schema.Pos {
	return func(offset int) schema.Pos { return l.pos(d.pos + token.Pos(d.at+offset)) }
}

// findEntities returns the declarations of file that are entities, and reports
// directives that are unknown or on something else.
func (l *loader) findEntities(file *ast.File) []*declaration {
	var found []*declaration
	attached := map[token.Pos]bool{}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			spec := spec.(*ast.TypeSpec)
			doc := spec.Doc
			if doc == nil && !group.Lparen.IsValid() {
				doc = group.Doc
			}
			if d := l.readDoc(spec, doc, attached); d.entity != nil {
				found = append(found, d)
			}
		}
	}
	for _, comments := range file.Comments {
		for _, c := range comments.List {
			d := newDirective(c)
			switch {
			case d == nil || attached[d.pos]:
			case !d.known():
				l.reportUnknown("", d)
			default:
				l.fail("", d.pos, fmt.Sprintf("//redisgen:%s does not belong to a type", d.name),
					"write it in the comment right above the struct, without an empty line between")
			}
		}
	}
	return found
}

// readDoc reads the directives in the doc comment of a type and marks them in
// attached.
func (l *loader) readDoc(spec *ast.TypeSpec, doc *ast.CommentGroup, attached map[token.Pos]bool) *declaration {
	decl := &declaration{spec: spec}
	if doc == nil {
		return decl
	}
	decl.doc = strings.TrimSpace(doc.Text())
	name := spec.Name.Name
	for _, c := range doc.List {
		d := newDirective(c)
		if d == nil {
			if rest, ok := strings.CutPrefix(c.Text, "// redisgen:"); ok && (strings.HasPrefix(rest, "entity ") || strings.HasPrefix(rest, "index ")) {
				l.fail(name, c.Pos(), "a directive with a space after //", "write //redisgen:"+rest)
			}
			continue
		}
		attached[d.pos] = true
		switch {
		case !d.known():
			l.reportUnknown(name, d)
		case d.name == "index":
			decl.indexes = append(decl.indexes, d)
		case decl.entity != nil:
			l.errs = append(l.errs, &schema.Error{
				Pos: l.pos(d.pos), Entity: name,
				Problem: "a second //redisgen:entity", Instead: "keep one",
				Other: l.pos(decl.entity.pos), OtherNote: "the first",
			})
		default:
			decl.entity = d
		}
	}
	if decl.entity == nil {
		for _, d := range decl.indexes {
			l.fail(name, d.pos, "//redisgen:index on a type that is no entity", "write //redisgen:entity and a name above it")
		}
	}
	return decl
}

func (d *directive) known() bool { return d.name == "entity" || d.name == "index" }

func (l *loader) reportUnknown(entity string, d *directive) {
	l.fail(entity, d.pos, "unknown directive //redisgen:"+d.name, "write //redisgen:entity or //redisgen:index")
}

// fail reports a mistake of an entity, or of none when entity is "".
func (l *loader) fail(entity string, pos token.Pos, problem, instead string) {
	l.errs = append(l.errs, &schema.Error{Pos: l.pos(pos), Entity: entity, Problem: problem, Instead: instead})
}

// failSyntax reports the mistakes found in a tag or directive.
func (l *loader) failSyntax(entity, field string, errs []*schema.SyntaxError, at func(int) schema.Pos) {
	for _, e := range errs {
		l.errs = append(l.errs, &schema.Error{Pos: at(e.At), Entity: entity, Field: field, Problem: e.Problem, Instead: e.Instead})
	}
}
