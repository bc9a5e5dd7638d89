package lua

import (
	"fmt"

	"github.com/redisgen/redisgen/schema"
)

// events returns the declarations of what changes of records tell; events is nil
// where they tell nothing.
func events(e *schema.Entity) string {
	if e.Events == "" {
		return "local events = nil -- how changes are told: not at all"
	}
	how := e.Events
	if e.MaxLen > 0 {
		how = fmt.Sprintf("%s %d", how, e.MaxLen)
	}
	var watched, told []string
	for _, f := range e.Fields {
		if !f.Version && !f.Created && !f.Updated {
			watched = append(watched, f.Name)
		}
		if f.Event {
			told = append(told, f.Name)
		}
	}
	return fmt.Sprintf("local events = %s -- how changes are told\nlocal watched = %s -- fields that they name\nlocal told = %s -- fields whose values they have",
		quote(how), list(watched), list(told))
}
