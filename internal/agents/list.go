package main

import (
	"net/http"
	"strconv"

	"github.com/redisgen/redisgen/repo"
)

// number returns a number of the query, from 1 to most.
func number(r *http.Request, name string, otherwise, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid(name + " has to be a number from 1 to " + strconv.Itoa(most))
	}
	return n, nil
}

// list is a page of a list, and where the next begins.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// listOf answers with a page of what a query finds, by the parameters limit and after.
func listOf[T, V any](w http.ResponseWriter, r *http.Request, q *repo.Query[T, string], view func(T) V) error {
	n, err := number(r, "limit", 20, 100)
	if err != nil {
		return err
	}
	found, err := q.Limit(n).After(r.URL.Query().Get("after")).Page(r.Context())
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, list[V]{views(found.Items, view), found.Next})
	return nil
}

// views returns what is shown of records.
func views[T, V any](records []T, view func(T) V) []V {
	list := make([]V, len(records))
	for i, record := range records {
		list[i] = view(record)
	}
	return list
}
