package told

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// An operation is repeated in blocks, of which the median counts; the entities take
// turns.
const (
	repeats = 300
	blocks  = 15
)

// subject is an entity, and what is done to a record of a number.
type subject struct {
	name       string
	operations []operation
}

type operation struct {
	name string
	run  func(i int) error
}

func record(i int) Base {
	id := strconv.Itoa(i)
	return Base{ID: id, Email: id + "@example.com", Status: fmt.Sprint("s", i%10), Score: int64(i), Text: strings.Repeat("x", 200)}
}

func of[T any](b *testing.B, name string, r *repo.Repository[*T, string], wrap func(Base) *T, score *repo.RangeNumber[*T, int64]) subject {
	created := 0
	return subject{name, []operation{
		{"Create", func(int) error { created++; return r.Create(b.Context(), wrap(record(created))) }},
		{"Save", func(i int) error { return r.Save(b.Context(), wrap(record(i+1))) }},
		{"Patch", func(i int) error { return r.Patch(b.Context(), strconv.Itoa(i+1), score.Add(1)) }},
		{"CreateMany of 100, each", func(int) error {
			list := make([]*T, 100)
			for i := range list {
				created++
				list[i] = wrap(record(created))
			}
			return r.CreateMany(b.Context(), list)
		}},
	}}
}

// BenchmarkEvents compares what writes cost that tell of their changes with those that
// do not: time and CPU of the server, with nobody listening.
func BenchmarkEvents(b *testing.B) {
	rdb := redisd.Start(b).Client()
	client, err := repo.New(rdb, repo.Config{SweepInterval: -1})
	check(b, err)
	defer client.Close()
	subjects := []subject{
		of(b, "none", &NewSilents(client).Repository, func(v Base) *Silent { return &Silent{v} }, SilentFields.Score),
		of(b, "pubsub", &NewMessages(client).Repository, func(v Base) *Message { return &Message{v} }, MessageFields.Score),
		of(b, "stream", &NewEntries(client).Repository, func(v Base) *Entry { return &Entry{v} }, EntryFields.Score),
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| operation\t| events\t| time, µs\t| server CPU, µs\t|\n| ---\t| ---\t| --:\t| --:\t|")
	for n := range subjects[0].operations {
		took, cpu := make([][]float64, len(subjects)), make([][]float64, len(subjects))
		for block := range blocks + 1 {
			for s, subject := range subjects {
				op := subject.operations[n]
				times := float64(repeats)
				if strings.HasPrefix(op.name, "CreateMany") {
					times = 10 * 100
				}
				used, start := usage(b, rdb), time.Now()
				for i := range repeats {
					if strings.HasPrefix(op.name, "CreateMany") && i == 10 {
						break
					}
					check(b, op.run(i))
				}
				if block > 0 {
					took[s] = append(took[s], float64(time.Since(start).Microseconds())/times)
					cpu[s] = append(cpu[s], (usage(b, rdb)-used)/times)
				}
			}
		}
		for s, subject := range subjects {
			fmt.Fprintf(w, "| %s\t| %s\t| %.1f (%.2f)\t| %.1f (%.2f)\t|\n", subject.operations[n].name, subject.name,
				median(took[s]), median(took[s])/median(took[0]), median(cpu[s]), median(cpu[s])/median(cpu[0]))
		}
	}
	check(b, w.Flush())
}

// usage returns how many µs of CPU the server has used.
func usage(b *testing.B, rdb *redis.Client) float64 {
	info, err := rdb.InfoMap(b.Context(), "cpu").Result()
	check(b, err)
	sum := 0.0
	for _, name := range []string{"used_cpu_user", "used_cpu_sys"} {
		seconds, err := strconv.ParseFloat(info["CPU"][name], 64)
		check(b, err)
		sum += seconds * 1e6
	}
	return sum
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
