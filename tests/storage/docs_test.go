package storage

import (
	"os"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
)

// TestDocs runs the commands of the guide in their order.
func TestDocs(t *testing.T) {
	guide, err := os.ReadFile("../../docs/storage-migration.md")
	if err != nil {
		t.Fatal(err)
	}
	install(t)
	address := redisd.Start(t).URL()
	database := existingDatabase(t, existing)
	t.Chdir(t.TempDir())
	for _, suffix := range []string{"", "-wal"} {
		if err := os.Rename(database+suffix, "tframex.db"+suffix); err != nil {
			t.Fatal(err)
		}
	}
	ran := 0
	for line := range strings.Lines(string(guide)) {
		words, isCommand := strings.CutPrefix(line, "    redisgen ")
		if !isCommand {
			continue
		}
		ran++
		redisgen(t, 0, strings.Fields(strings.ReplaceAll(words, "redis://localhost:6379/0", address)))
	}
	if ran < 8 {
		t.Errorf("the guide has %d commands", ran)
	}
}
