// Package storages measures what operations on documents cost in Redis, in SQLite and in a
// program by hand on SQLite.
package storages

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// The documents: a half are conversations, a half messages. Both have about 400 bytes of
// JSON.
const (
	records = 10_000
	users   = 50 // each has 100 conversations
	page    = 50
)

const conversations, messages = "conversations", "messages"

// begun is when the first conversation begins.
var begun = time.Date(2025, 7, 5, 1, 10, 56, 998281000, time.UTC)

// id returns a UUID of the version that storages make, the same for the same number.
func id(kind string, n int) string {
	var seed [32]byte
	copy(seed[:], kind)
	binary.LittleEndian.PutUint64(seed[24:], uint64(n))
	random := rand.NewChaCha8(seed)
	made, err := uuid.NewRandomFromReader(random)
	if err != nil {
		panic(err) // the reader does not fail
	}
	return made.String()
}

func userID(n int) string { return id("user", n%users) }

// conversation returns a conversation; the higher its number, the newer it is.
func conversation(n int) storage.Document {
	at := storage.FormatTime(begun.Add(time.Duration(n) * time.Second))
	return storage.Document{
		"id": id(conversations, n), "user_id": userID(n), "agent_name": "research assistant", "title": fmt.Sprintf("What is known about case %08d", n),
		"metadata":   map[string]any{"channel": "web", "language": "en", "turns": int64(n % 40), "summary": strings.Repeat("known ", 14)},
		"created_at": at, "updated_at": at,
	}
}

// message returns a message.
func message(n int) storage.Document {
	at := storage.FormatTime(begun.Add(time.Duration(n) * time.Second))
	return storage.Document{
		"id": id(messages, n), "conversation_id": id(conversations, n%(records/2)), "role": "user", "content": fmt.Sprintf("%08d %s", n, strings.Repeat("word ", 24)),
		"metadata": map[string]any{"model": "small", "tokens": int64(n % 900)}, "created_at": at, "updated_at": at,
	}
}

// document returns the document of a number and its table: the even ones are conversations.
func document(n int) (table string, doc storage.Document) {
	if n%2 == 0 {
		return conversations, conversation(n / 2)
	}
	return messages, message(n / 2)
}

// place is where a document is.
type place struct{ table, id string }

// placeOf returns where the document of a number is.
func placeOf(n int) place {
	table := [...]string{conversations, messages}[n%2]
	return place{table, id(table, n/2)}
}

// several returns n documents of one table, from a number on.
func several(table string, from, n int) []storage.Document {
	of := map[string]func(int) storage.Document{conversations: conversation, messages: message}[table]
	docs := make([]storage.Document, n)
	for i := range docs {
		docs[i] = of(from + i)
	}
	return docs
}
