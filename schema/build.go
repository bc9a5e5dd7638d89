package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Declare gives e the name and options of its directive. The function at
// turns an offset in the line into a position.
func (e *Entity) Declare(line EntityLine, at func(offset int) Pos) {
	e.Name = line.Name.Text
	e.Directives = map[string]Pos{"": at(line.Name.At)}
	for _, o := range line.Options {
		e.Directives[o.Text] = at(o.At)
		switch o.Text {
		case "ttl":
			e.Expires = true
			e.TTL, _ = time.ParseDuration(o.value()) // the parser refused bad ones
		case "sliding":
			e.Sliding = true
		case "retry":
			e.Retry = true
		case "shards":
			fmt.Sscan(o.value(), &e.Shards)
		case "in":
			e.In = o.value()
		case "events":
			e.Events, e.MaxLen, _ = parseEvents(o.value())
		}
	}
}

// AddField appends f to e, named and indexed as its tag says. The function at
// turns an offset in the tag into a position. The constants of an enum are
// the caller's to fill in.
func (e *Entity) AddField(f *Field, tag Tag, at func(offset int) Pos) {
	f.Name = tag.Name.Text
	f.TagPos = map[string]Pos{"": at(tag.Name.At)}
	e.Fields = append(e.Fields, f)
	for _, o := range tag.Options {
		pos := at(o.At)
		if _, ok := f.TagPos[o.Text]; !ok {
			f.TagPos[o.Text] = pos
		}
		switch o.Text {
		case "key":
			f.Key = true
		case "unique":
			e.addToGroup(Unique, f, o.value(), pos)
		case "index":
			e.addToGroup(Equal, f, o.value(), pos)
		case "sort":
			kind := Score
			if o.value() == "lex" {
				kind = Lex
			}
			e.addToGroup(kind, f, "", pos)
		case "fold":
			f.Fold = true
		case "geo":
			f.Geo = true
			e.addToGroup(Geo, f, "", pos)
		case "version":
			f.Version = true
		case "created":
			f.Created = true
		case "updated":
			f.Updated = true
		case "expires":
			f.Expires, e.Expires = true, true
		case "shard":
			f.Shard = true
		case "ref":
			f.Ref = o.value()
		case "ondelete":
			f.OnDelete = o.value()
		case "secret":
			f.Secret = true
		case "omitempty":
			f.OmitEmpty = true
		case "event":
			f.Event = true
		}
	}
}

// addToGroup adds f to the index of that kind and group, or gives it an index
// of its own when group is "".
func (e *Entity) addToGroup(kind IndexKind, f *Field, group string, pos Pos) {
	if group == "" {
		e.Indexes = append(e.Indexes, &Index{Name: f.Name, Kind: kind, Fields: []string{f.Name}, Pos: pos, FieldPos: []Pos{pos}})
		return
	}
	for _, x := range e.Indexes {
		if x.Kind == kind && x.Name == group && x.Group {
			x.Fields = append(x.Fields, f.Name)
			x.FieldPos = append(x.FieldPos, pos)
			return
		}
	}
	e.Indexes = append(e.Indexes, &Index{Name: group, Kind: kind, Fields: []string{f.Name}, Group: true, Pos: pos, FieldPos: []Pos{pos}})
}

// AddIndex adds a composite index to e, whose fields must be there by now.
// The function at turns an offset in the line into a position.
func (e *Entity) AddIndex(line IndexLine, at func(offset int) Pos) Errors {
	var errs Errors
	find := func(w Word) string {
		for _, f := range e.Fields {
			if f.Go == w.Text {
				return f.Name
			}
		}
		errs = append(errs, &Error{
			Pos: at(w.At), Entity: e.Type,
			Problem: fmt.Sprintf("the index names %s, which is no stored field", w.Text),
			Instead: didYouMean(w.Text, e.goNames()),
		})
		return ""
	}
	if len(line.Fields) == 0 {
		return nil
	}
	x := &Index{Kind: Equal, Pos: at(line.Fields[0].At)}
	for _, w := range line.Fields {
		name := find(w)
		if name != "" && slices.Contains(x.Fields, name) {
			errs = append(errs, &Error{
				Pos: at(w.At), Entity: e.Type,
				Problem: fmt.Sprintf("the index names %s twice", w.Text),
				Instead: "name it once",
			})
		}
		x.Fields = append(x.Fields, name)
		x.FieldPos = append(x.FieldPos, at(w.At))
	}
	x.Name = strings.Join(x.Fields, ",")
	if line.Order != nil {
		x.Order, x.OrderPos = find(*line.Order), at(line.Order.At)
		x.Name += "/" + x.Order
		if slices.Contains(x.Fields, x.Order) && x.Order != "" {
			errs = append(errs, &Error{
				Pos: at(line.Order.At), Entity: e.Type,
				Problem: fmt.Sprintf("the index is ordered by %s, which is equal in all it holds", line.Order.Text),
				Instead: "order by another field",
			})
		}
	}
	if len(errs) == 0 {
		e.Indexes = append(e.Indexes, x)
	}
	return errs
}

func (e *Entity) goNames() []string {
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = f.Go
	}
	return names
}
