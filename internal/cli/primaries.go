package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

// connect runs do with a client of the server that flags and environment name.
func (f *functionFlags) connect(do func(context.Context, *repo.Client) error) error {
	config, err := repo.ConfigFromEnv("REDIS_")
	if err != nil {
		return err
	}
	if f.url != "" {
		config.URL = f.url
	}
	if f.passwordFile != "" {
		config.PasswordFile = f.passwordFile
	}
	config.MaxRetries = -1 // whoever runs the command sees what is wrong at once
	config.Logger = slog.New(slog.DiscardHandler)
	ctx := context.Background()
	client, err := repo.Open(ctx, config)
	if err != nil {
		return err
	}
	if clustered(ctx, client) {
		_ = client.Close()
		config.Cluster = true
		if client, err = repo.Open(ctx, config); err != nil {
			return err
		}
	}
	defer client.Close()
	return do(ctx, client)
}

// clustered tells whether a client that takes its server for a single one talks
// to a node of a cluster.
func clustered(ctx context.Context, client *repo.Client) bool {
	single, ok := client.Redis().(*redis.Client)
	if !ok {
		return false
	}
	reply, _ := single.Do(ctx, "hello").Result() // an old server has no functions either
	switch reply := reply.(type) {
	case map[any]any:
		return reply["mode"] == "cluster"
	case []any:
		for i := 1; i < len(reply); i += 2 {
			if reply[i-1] == "mode" {
				return reply[i] == "cluster"
			}
		}
	}
	return false
}

// primary is a server that functions are put on, and its libraries of ours: name
// to code.
type primary struct {
	rdb       redis.Cmdable
	libraries map[string]string
}

// primaries are the one server, or those of a cluster that are no replicas.
type primaries []primary

// readFunctions finds out which functions are where.
func readFunctions(ctx context.Context, client *repo.Client) (primaries, error) {
	var mu sync.Mutex
	var all primaries
	read := func(ctx context.Context, rdb redis.Cmdable) error {
		list, err := rdb.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: "redisgen_*", WithCode: true}).Result()
		if err != nil {
			return fmt.Errorf("list functions: %w", err)
		}
		p := primary{rdb, make(map[string]string, len(list))}
		for _, l := range list {
			p.libraries[l.Name] = l.Code
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, p)
		return nil
	}
	var err error
	if cluster, ok := client.Redis().(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return read(ctx, node) })
	} else {
		err = read(ctx, client.Redis())
	}
	return all, err
}

// libraryEntity returns the entity whose records a library writes, "" if it is
// for all: what is in its name between redisgen_ and _SHA-1.
func libraryEntity(name string) string {
	const prefix, sha = len("redisgen_"), 40
	return strings.TrimSuffix(name[prefix:max(prefix, len(name)-sha)], "_")
}

// missing returns on how many servers a library is not as it should be.
func (there primaries) missing(l repo.Library) int {
	n := 0
	for _, p := range there {
		if p.libraries[l.Name] != l.Code {
			n++
		}
	}
	return n
}

// remove removes a library wherever it is.
func (there primaries) remove(ctx context.Context, name string) error {
	for _, p := range there {
		if _, ok := p.libraries[name]; !ok {
			continue
		}
		if err := p.rdb.FunctionDelete(ctx, name).Err(); err != nil {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	return nil
}
