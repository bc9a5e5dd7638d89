package schema

import "fmt"

// Unsupported returns a complaint for each option that the schema language
// has and the generator does not build yet, sorted by position.
func (p *Package) Unsupported() Errors {
	var errs Errors
	for _, e := range p.Entities {
		complain := func(f *Field, used bool, option string) {
			if !used {
				return
			}
			err := &Error{Pos: e.position(option), Entity: e.Type}
			if f != nil {
				err.Pos, err.Field = f.position(option), f.Go
			}
			err.Problem = fmt.Sprintf("option %s is not supported yet", option)
			err.Instead = "remove it"
			errs = append(errs, err)
		}
		complain(nil, e.Shards > 0, "shards")
		complain(nil, e.In != "", "in")
		complain(nil, e.Events != "", "events")
		for _, f := range e.Fields {
			complain(f, f.Shard, "shard")
			complain(f, f.Ref != "", "ref")
		}
	}
	errs.Sort()
	return errs
}
