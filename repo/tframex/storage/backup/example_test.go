package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/backup"
	"github.com/redisgen/redisgen/repo/tframex/storage/sqlite"
)

var ctx = context.Background()

// check ends an example that does not go as it should.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// open returns an empty storage in memory.
func open() storage.Storage {
	s, err := sqlite.New(sqlite.Config{Path: ":memory:"})
	check(err)
	check(s.Initialize(ctx))
	return s
}

// filled returns a storage with a user and two notes.
func filled() storage.Storage {
	s := open()
	_, err := s.Insert(ctx, "users", storage.Document{"id": "u1", "username": "ann", "password_hash": "$2b$…"})
	check(err)
	_, err = s.BulkInsert(ctx, "notes", []storage.Document{{"id": "n1", "text": "first"}, {"id": "n2", "text": "second"}})
	check(err)
	return s
}

func Example() {
	store, other := filled(), open()
	defer func() { check(errors.Join(store.Close(), other.Close())) }()
	dir, err := os.MkdirTemp("", "backup")
	check(err)
	defer func() { check(os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "tframex.backup")

	manifest, err := backup.WriteFile(ctx, path, store, backup.Options{})
	check(err)
	for _, t := range manifest.Tables {
		fmt.Printf("%s: %d records, secret fields of %d left out\n", t.Name, t.Records, t.Withheld)
	}

	report, err := backup.RestoreFile(ctx, path, other, backup.RestoreOptions{})
	check(err)
	fmt.Println("restored:", report.Total().Created)
	// Output:
	// notes: 2 records, secret fields of 0 left out
	// users: 1 records, secret fields of 1 left out
	// restored: 3
}

// A backup can be written to whatever takes bytes: a connection, a program that encrypts.
func ExampleWrite() {
	store := filled()
	defer func() { check(store.Close()) }()

	var out bytes.Buffer
	manifest, err := backup.Write(ctx, &out, store, backup.Options{
		Tables:  []string{"users"},
		Secrets: true, // with password_hash and api_key: keep it as safe as those
	})
	check(err)
	fmt.Println(manifest.Records, "record of", manifest.Header.Backend)
	// Output: 1 record of sqlite
}

func ExampleCheck() {
	store := filled()
	defer func() { check(store.Close()) }()
	var file bytes.Buffer
	_, err := backup.Write(ctx, &file, store, backup.Options{})
	check(err)

	manifest, err := backup.Check(ctx, bytes.NewReader(file.Bytes()), backup.CheckOptions{})
	check(err)
	fmt.Println("whole:", manifest.Records, "records")

	file.Truncate(file.Len() / 2)
	_, err = backup.Check(ctx, &file, backup.CheckOptions{})
	fmt.Println("half of it is damaged:", errors.Is(err, backup.ErrDamaged))
	// Output:
	// whole: 3 records
	// half of it is damaged: true
}

func ExampleRestore() {
	store := filled()
	defer func() { check(store.Close()) }()
	var out bytes.Buffer
	_, err := backup.Write(ctx, &out, store, backup.Options{})
	check(err)
	file := bytes.NewReader(out.Bytes())
	_, err = store.Delete(ctx, "notes", "n1")
	check(err)

	// Without more, nothing is written if the storage has one of the records.
	report, err := backup.Restore(ctx, file, store, backup.RestoreOptions{Tables: []string{"notes"}})
	fmt.Println(errors.Is(err, backup.ErrRefused), report.Refusals[0].ID)

	// What would be done, and what is done.
	for _, dry := range []bool{true, false} {
		report, err = backup.Restore(ctx, file, store, backup.RestoreOptions{Existing: storage.Skip, DryRun: dry})
		check(err)
		fmt.Printf("dry %t: %d created, %d skipped\n", dry, report.Total().Created, report.Total().Skipped)
	}
	// Output:
	// true n2
	// dry true: 1 created, 2 skipped
	// dry false: 1 created, 2 skipped
}

// A restore that ended before all was done goes on behind its last batch.
func ExampleRestoreFile_resume() {
	store := open()
	defer func() { check(store.Close()) }()
	restore := func(path string) (backup.Report, error) {
		return backup.RestoreFile(ctx, path, store, backup.RestoreOptions{
			Resume: path + ".state", // is there until the restore has succeeded
			Progress: func(p backup.Progress) {
				if p.Phase == backup.Restoring {
					fmt.Printf("%s: %d of %d\n", p.Table, p.Records, p.Total)
				}
			},
		})
	}

	dir, err := os.MkdirTemp("", "backup")
	check(err)
	defer func() { check(os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "tframex.backup")
	source := filled()
	_, err = backup.WriteFile(ctx, path, source, backup.Options{})
	check(errors.Join(err, source.Close()))

	report, err := restore(path)
	check(err)
	fmt.Println("resumed:", report.Resumed)
	// Output:
	// notes: 2 of 2
	// users: 1 of 1
	// resumed: false
}
