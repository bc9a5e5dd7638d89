package storage

// Template returns a configuration of a type with all settings, at their defaults, to be
// edited: as JSON they come in the order of the documentation. Settings without a default,
// such as secrets, and those that are required, are null.
func Template(typ string) (Config, error) {
	d, err := driver(typ)
	if err != nil {
		return Config{}, err
	}
	config := Config{Type: d.Type, Settings: map[string]any{}}
	for _, s := range d.Settings {
		put(config.Settings, s.Path, plainSetting(copied(s.Default)))
	}
	return config, nil
}
