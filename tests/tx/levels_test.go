package tx

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/tx/tree"
)

// library is a shelf of three books, each with 400 pages that are a chain: a page cannot
// be deleted before the one behind it.
func library(t *testing.T, client *repo.Client) (*tree.Shelves, *tree.Books, *tree.Pages, *tree.Notes) {
	t.Helper()
	shelves, books, pages, notes := tree.NewShelves(client), tree.NewBooks(client), tree.NewPages(client), tree.NewNotes(client)
	must(t, shelves.Create(t.Context(), &tree.Shelf{ID: "s"}))
	for b := range 3 {
		book := fmt.Sprint("b", b)
		must(t, books.Create(t.Context(), &tree.Book{ID: book, ShelfID: "s", Title: book}))
		list := make([]*tree.Page, 400)
		for p := range list {
			list[p] = &tree.Page{ID: fmt.Sprintf("%s.%d", book, p), BookID: book, Text: new(fmt.Sprint(book, " ", p))}
			if p > 0 {
				list[p].Before = &list[p-1].ID
			}
		}
		must(t, pages.CreateMany(t.Context(), list))
	}
	return shelves, books, pages, notes
}

// counts returns how many books and pages there are.
func counts(t *testing.T, books *tree.Books, pages *tree.Pages) (n, m int64) {
	t.Helper()
	n, err := books.Where().Count(t.Context())
	must(t, err)
	m, err = pages.Where().Count(t.Context())
	must(t, err)
	return n, m
}

func TestLevels(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		shelves, books, pages, notes := library(t, client)
		must(t, notes.Create(t.Context(), &tree.Note{ID: "n", PageID: "b1.7"}, repo.NoTTL()))
		for _, remove := range []func() error{
			func() error { return books.Delete(t.Context(), "b1") },
			func() error {
				return client.Tx(t.Context(), func(tx *repo.Tx) error { return books.InTx(tx).Delete("b1") })
			},
		} {
			wantReference(t, remove(), repo.ErrReferenced, `Note.page_id: another record refers to it: "n"`)
			if n, m := counts(t, books, pages); n != 3 || m != 1200 {
				t.Fatalf("%d books and %d pages; want all", n, m)
			}
		}
		wantReference(t, pages.Delete(t.Context(), "b1.398"), repo.ErrReferenced, `Page.before: another record refers to it: "b1.399"`)
		if err := client.Tx(t.Context(), func(tx *repo.Tx) error { return shelves.InTx(tx).Delete("s") }); !errors.Is(err, repo.ErrTxSize) &&
			!errors.Is(err, repo.ErrReferenced) {
			t.Fatalf("got error %v from a transaction that deletes 1,200 records", err)
		}
		must(t, notes.Patch(t.Context(), "n", tree.NoteFields.PageID.Set("b0.0")))
		must(t, books.Delete(t.Context(), "b1"))
		if n, m := counts(t, books, pages); n != 2 || m != 800 {
			t.Fatalf("%d books and %d pages; want 2 and 800", n, m)
		}
		// More than one call deletes: what is not kept may be gone.
		wantReference(t, shelves.Delete(t.Context(), "s"), repo.ErrReferenced, `Note.page_id: another record refers to it: "n"`)
		if _, err := pages.Get(t.Context(), "b0.0"); err != nil {
			t.Fatal(err)
		}
		cleanOf(t, client, "tree")
		must(t, notes.Delete(t.Context(), "n"))
		must(t, shelves.Delete(t.Context(), "s"))
		if n, m := counts(t, books, pages); n != 0 || m != 0 {
			t.Fatalf("%d books and %d pages; want none", n, m)
		}
		cleanOf(t, client, "tree")
	})
}

// What has expired refers to nothing.
func TestExpiredReference(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		_, books, pages, notes := library(t, client)
		must(t, notes.Create(t.Context(), &tree.Note{ID: "n", PageID: "b0.399"}, repo.ExpireAt(time.Now().Add(-time.Hour))))
		must(t, pages.Delete(t.Context(), "b0.399"))
		if n, m := counts(t, books, pages); n != 3 || m != 1199 {
			t.Fatalf("%d books and %d pages; want 3 and 1199", n, m)
		}
	})
}
