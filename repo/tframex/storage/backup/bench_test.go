package backup

import (
	"bytes"
	"io"
	"testing"
)

// benched is how many records of 1 kB the benchmarks have; they print MB/s of JSON.
const benched = 5000

func BenchmarkWrite(b *testing.B) {
	s := newFake()
	for i := range benched {
		s.put("messages", message(i, 900))
	}
	_, m := backupOf(b, s, Options{})
	b.SetBytes(m.Bytes)
	for b.Loop() {
		if _, err := Write(b.Context(), io.Discard, s, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// filed returns a backup of the records.
func filed(b *testing.B) []byte {
	s := newFake()
	for i := range benched {
		s.put("messages", message(i, 900))
	}
	file, m := backupOf(b, s, Options{})
	b.SetBytes(m.Bytes)
	b.ReportMetric(float64(m.Bytes)/float64(len(file)), "times-smaller")
	return file
}

func BenchmarkCheck(b *testing.B) {
	file := filed(b)
	for b.Loop() {
		if _, err := Check(b.Context(), bytes.NewReader(file), CheckOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	file := filed(b)
	for b.Loop() {
		if _, err := Restore(b.Context(), bytes.NewReader(file), newFake(), RestoreOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
