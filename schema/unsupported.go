package schema

// Unsupported returns a complaint for each option that the schema language
// has and the generator does not build yet, sorted by position.
func (p *Package) Unsupported() Errors {
	var errs Errors
	for _, e := range p.Entities {
		if e.Events != "" {
			errs = append(errs, &Error{
				Pos: e.position("events"), Entity: e.Type, Problem: "option events is not supported yet", Instead: "remove it",
			})
		}
	}
	errs.Sort()
	return errs
}
