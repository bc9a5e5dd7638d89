// Package color is another package with an enum.
package color

// Status is how a color looks.
type Status int

// The statuses; the last one can be stored by this package only.
const (
	Bright Status = iota
	Dark
	hidden
)

// Hidden returns a status with no exported name.
func Hidden() Status { return hidden }
