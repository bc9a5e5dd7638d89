package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	entities "github.com/redisgen/redisgen/schema/tframex"
)

// backupOf returns a backup of a storage.
func backupOf(t testing.TB, s storage.Storage, o Options) ([]byte, Manifest) {
	t.Helper()
	var b bytes.Buffer
	m, err := Write(t.Context(), &b, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m
}

// linesOf returns the lines of a backup, as any program for zstd would.
func linesOf(t testing.TB, file []byte) []string {
	t.Helper()
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	text, err := d.DecodeAll(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(text)))
}

func TestManifest(t *testing.T) {
	s := newFake().put("b", numbered(3)...).put("a", numbered(2)...).put("empty")
	file, m := backupOf(t, s, Options{})
	if got := fmt.Sprintln(m.Header.Tables, m.Records, m.Header.Backend); got != "[a b empty] 5 fake\n" {
		t.Errorf("manifest of %s", got)
	}
	lines := linesOf(t, file)
	if len(lines) != 1+3+5+1 {
		t.Fatalf("%d lines:\n%s", len(lines), lines)
	}
	before := strings.Join(lines[:len(lines)-1], "")
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(before))); sum != m.SHA256 || int64(len(before)) != m.Bytes {
		t.Errorf("sum %s of %d bytes, want %s of %d", m.SHA256, m.Bytes, sum, len(before))
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines[4:8], "")))); sum != m.Tables[1].SHA256 || m.Tables[1].Records != 3 {
		t.Errorf("table %+v, want sum %s", m.Tables[1], sum)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(file[:len(file)-sealSize])); sum != m.Checksum {
		t.Errorf("checksum %s, want %s", m.Checksum, sum)
	}
	checked, err := Check(t.Context(), bytes.NewReader(file), CheckOptions{})
	if err != nil || !reflect.DeepEqual(checked, m) {
		t.Errorf("%+v (%v), want\n%+v", checked, err, m)
	}
}

func TestWriteTables(t *testing.T) {
	s := newFake().put("a", numbered(1)...).put("b", numbered(2)...)
	if _, m := backupOf(t, s, Options{Tables: []string{"b", "b"}}); len(m.Tables) != 1 || m.Records != 2 {
		t.Errorf("%+v", m)
	}
	var b bytes.Buffer
	if _, err := Write(t.Context(), &b, s, Options{Tables: []string{"c"}}); !errors.Is(err, storage.ErrNoTable) || b.Len() > 0 {
		t.Errorf("%v, and %d bytes", err, b.Len())
	}
}

func TestSecretsAreThoseOfEntities(t *testing.T) {
	var want []string
	for field := range reflect.TypeFor[entities.User]().Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("redis"), ",")
		if slices.Contains(strings.Split(options, ","), "secret") {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if !slices.Equal(secrets["users"], want) {
		t.Errorf("secret fields of users are %q, want %q", secrets["users"], want)
	}
	source, err := filepath.Glob("../../../../schema/tframex/*.go")
	if err != nil || len(source) == 0 {
		t.Fatal(source, err)
	}
	for _, path := range source {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(",secret")) && filepath.Base(path) != "users.go" {
			t.Errorf("%s has secret fields that backups do not know", path)
		}
	}
}

func TestSecrets(t *testing.T) {
	user := storage.Record{ID: "u", Document: storage.Document{"id": "u", "password_hash": "s3cret", "api_key": nil, "username": "ann"}}
	s := newFake().put("users", user, storage.Record{ID: "v", Document: storage.Document{"id": "v"}}).put("a")
	s.put("Users", user) // is the same table in some backends, and may be called so
	file, m := backupOf(t, s, Options{})
	text := strings.Join(linesOf(t, file), "")
	if strings.Contains(text, "s3cret") || !strings.Contains(text, "ann") || m.Tables[0].Withheld != 1 || m.Tables[2].Withheld != 1 || len(m.Header.Withheld) != 2 || len(m.Header.Withheld["users"]) != 2 {
		t.Errorf("%+v\n%s", m, text)
	}
	file, m = backupOf(t, s, Options{Secrets: true})
	text = strings.Join(linesOf(t, file), "")
	if !strings.Contains(text, "s3cret") || m.Tables[0].Withheld != 0 || m.Header.Withheld != nil {
		t.Errorf("%+v\n%s", m, text)
	}
	if got := s.tables["users"].records["u"].Document; got["password_hash"] != "s3cret" {
		t.Errorf("the backup has changed the storage: %v", got)
	}
}

// broken ends an export with an error.
type broken struct{ *fake }

func (b broken) Export(ctx context.Context, table, from string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		for r := range b.fake.Export(ctx, table, from) {
			if !yield(r, nil) {
				return
			}
		}
		yield(storage.Record{}, errBroken)
	}
}

func TestWriteFails(t *testing.T) {
	var b bytes.Buffer
	s := newFake().put("a", numbered(3)...)
	if _, err := Write(t.Context(), &b, broken{s}, Options{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	if _, err := Check(t.Context(), &b, CheckOptions{}); err == nil {
		t.Error("half a backup is taken for one")
	}
	for n := range 3 {
		if _, err := Write(t.Context(), &limited{n: n * 20}, s, Options{}); !errors.Is(err, errBroken) {
			t.Errorf("a writer that fails after %d bytes: %v", n*20, err)
		}
	}
	if _, err := Write(t.Context(), &b, newFake().put("a", storage.Record{ID: "x"}), Options{}); !errors.Is(err, storage.ErrValidation) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var many bytes.Buffer
	s = newFake().put("a", numbered(3*every)...)
	_, err := Write(ctx, &many, s, Options{Progress: func(p Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// limited is a writer that fails behind n bytes.
type limited struct{ n int }

func (l *limited) Write(p []byte) (int, error) {
	if l.n -= len(p); l.n < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestWriteProgress(t *testing.T) {
	var got []Progress
	s := newFake().put("a", numbered(2*every+1)...)
	file, _ := backupOf(t, s, Options{Progress: func(p Progress) { got = append(got, p) }})
	if _, err := Check(t.Context(), bytes.NewReader(file), CheckOptions{Progress: func(p Progress) { got = append(got, p) }}); err != nil {
		t.Fatal(err)
	}
	want := []Progress{
		{Writing, "a", 1000, 2001}, {Writing, "a", 2000, 2001}, {Writing, "a", 2001, 2001},
		{Checking, "a", 1000, 0}, {Checking, "a", 2000, 0}, {Checking, "a", 2001, 0},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want\n%v", got, want)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b")
	s := newFake().put("a", numbered(3)...)
	want, err := WriteFile(t.Context(), path, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := WriteFile(t.Context(), path, broken{s}, Options{}); !errors.Is(err, errBroken) {
		t.Error(err)
	}
	if got, err := CheckFile(t.Context(), path, CheckOptions{}); err != nil || got.Checksum != want.Checksum {
		t.Errorf("a backup that failed has changed the one before: %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("files %v, %v", files, err)
	}
	if _, err := WriteFile(t.Context(), filepath.Join(dir, "none", "b"), s, Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := CheckFile(t.Context(), filepath.Join(dir, "c"), CheckOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Records that are written to during a backup are in it as they were at one moment, others
// as they are.
func TestWriteDuringWrites(t *testing.T) {
	const records = 500
	s := newFake()
	set := func(i, n int) {
		id := fmt.Sprint("r", i)
		s.put("a", storage.Record{ID: id, Document: storage.Document{"id": id, "one": int64(n), "two": int64(n)}})
	}
	for i := range records {
		set(i, 0)
	}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
					set((w+n*7)%(records/2), n)         // the first half changes
					set(records+w*1_000_000+n%1_000, n) // and some are new
				}
			}
		})
	}
	file, m := backupOf(t, s, Options{})
	close(stop)
	writers.Wait()
	restored := newFake()
	if _, err := Restore(t.Context(), bytes.NewReader(file), restored, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := len(restored.tables["a"].records); int64(n) != m.Records || n < records {
		t.Errorf("%d records, the manifest says %d", n, m.Records)
	}
	for id, r := range restored.tables["a"].records {
		if r.Document["one"] != r.Document["two"] {
			t.Errorf("record %s is of two moments: %v", id, r.Document)
		}
	}
	for i := records / 2; i < records; i++ {
		id := fmt.Sprint("r", i)
		if r := restored.tables["a"].records[id]; r.Document["one"] != int64(0) {
			t.Errorf("record %s, which nobody wrote, is %v", id, r.Document)
		}
	}
}
