// Package repo has the name of the runtime.
package repo

// State is a type of another package repo.
type State struct{ On bool }
