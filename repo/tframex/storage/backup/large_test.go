package backup

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// stream is a storage that makes up records, and of what is imported keeps only a digest.
type stream struct {
	*fake
	records int
	digest  uint64
	size    int // of a record, about
	seen    int
	first   uint64 // bytes of memory in use at the beginning
	most    uint64 // and at most after it
}

func (s *stream) ListTables(context.Context) ([]string, error) { return []string{"messages"}, nil }

func (s *stream) TableInfo(context.Context, string) (storage.TableInfo, error) {
	return storage.TableInfo{Name: "messages", Records: int64(s.records)}, nil
}

// message returns a record of about a size, which is the same for the same number.
func message(i, size int) storage.Record {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteString(strconv.Itoa(r.IntN(1000)))
	}
	id := fmt.Sprintf("%016x", r.Uint64())
	return storage.Record{ID: id, Document: storage.Document{"id": id, "content": b.String(), "n": int64(i)}, CreatedAt: at}
}

var words = []string{"the ", "agent ", "has ", "called ", "a tool ", "and ", "waits ", "for ", "its ", "result ", "é", "\n", "\"", "{"}

func (s *stream) Export(context.Context, string, string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		for i := range s.records {
			r := message(i, s.size)
			s.add(r)
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s *stream) Import(_ context.Context, _ string, records []storage.Record, _ storage.Existing) (storage.ImportReport, error) {
	for _, r := range records {
		s.add(r)
	}
	return storage.ImportReport{Created: int64(len(records))}, nil
}

// add takes a record into the digest, and now and then looks how much memory is in use.
func (s *stream) add(r storage.Record) {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, r.ID, r.Document["content"], r.Document["n"])
	s.digest = s.digest*31 + h.Sum64()
	switch s.seen++; {
	case s.seen == 1000:
		s.first = inUse()
	case s.seen%2500 == 0:
		s.most = max(s.most, inUse())
	}
}

// inUse returns how many bytes of memory are in use.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// long has TestLarge take 50,000 records of 1 kB.
var long = flag.Bool("long", false, "take as many records as a real backup has")

func TestLarge(t *testing.T) {
	source := &stream{fake: newFake(), records: 5000, size: 300}
	if *long {
		source.records, source.size = 50_000, 900
	}
	path := filepath.Join(t.TempDir(), "large")
	m, err := WriteFile(t.Context(), path, source, Options{})
	if err != nil || m.Records != int64(source.records) {
		t.Fatalf("%+v, %v", m, err)
	}
	target := &stream{fake: newFake()}
	r, err := RestoreFile(t.Context(), path, target, RestoreOptions{})
	if err != nil || r.Total().Created != m.Records || source.digest != target.digest {
		t.Errorf("%+v (%v), digests %x and %x", r.Tables, err, source.digest, target.digest)
	}
	for what, s := range map[string]*stream{"backup": source, "restore": target} {
		if s.most > s.first+1<<20 {
			t.Errorf("the %s of %d MB takes %d kB more at its end than at its beginning", what, m.Bytes>>20, (s.most-s.first)>>10)
		}
		t.Logf("%s: from %d to %d kB", what, s.first>>10, s.most>>10)
	}
}

// A document as long as storages allow is backed up and restored, and one that is longer is
// an error of the backup.
func TestLongestDocument(t *testing.T) {
	for n, want := range map[int]string{64 << 20: "no JSON", 64<<20 + 1: "at most"} {
		if _, err := storage.ParseDocument(make([]byte, n)); err == nil || !strings.Contains(err.Error(), want) || maxDocument != 64<<20 {
			t.Errorf("storages have other bounds: %d bytes: %v", n, err)
		}
	}
	limit(t, 1<<20)
	long := func(n int) *fake {
		d := storage.Document{"text": strings.Repeat("x", n-len(`{"text":""}`))}
		return newFake().put("a", storage.Record{ID: strings.Repeat("\"", 512), Document: d, CreatedAt: at, UpdatedAt: at, ExpiresAt: at.AddDate(1000, 0, 0)})
	}
	s, restored := long(1<<20), newFake()
	file, _ := backupOf(t, s, Options{})
	if _, err := Restore(t.Context(), bytes.NewReader(file), restored, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	equal(t, restored, s)
	if _, err := Write(t.Context(), io.Discard, long(1<<20+1), Options{}); !errors.Is(err, storage.ErrValidation) {
		t.Error(err)
	}
	if _, err := Write(t.Context(), io.Discard, long(2<<20), Options{}); !errors.Is(err, storage.ErrValidation) {
		t.Error(err)
	}
}
