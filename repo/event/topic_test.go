package event_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
)

type order struct {
	ID    string
	Cents int
}

func publish[T any](t *testing.T, topic *event.Topic[T], values ...T) {
	t.Helper()
	for _, v := range values {
		if _, err := topic.Publish(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTopic(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		orders := event.NewTopic(client, "orders", event.TopicOptions[order]{})
		if n, err := orders.Publish(t.Context(), order{"0", 0}); n != 0 || err != nil {
			t.Errorf("to nobody: %d, %v", n, err)
		}
		s := listen(t, orders.Subscribe)
		if n, err := orders.Publish(t.Context(), order{"a", 1}); n != 1 || err != nil {
			t.Errorf("to one: %d, %v", n, err)
		}
		publish(t, orders, order{"b\x00\xff", 2})
		s.want(order{"a", 1}, order{"b\x00\ufffd", 2}) // JSON is UTF-8
	})
}

// Topics of other names, prefixes and tenants are others, whatever the names.
func TestTopicsApart(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		tenant, err := client.Tenant("topic")
		must(t, err)
		defer tenant.Close()
		text := event.TopicOptions[string]{Codec: event.Bytes[string]()}
		names := []string{"a", "a.b", "a.b.c", "a%2Eb", "*", "?", "[a]", `\*`, "^", "", ":", "{}topic:a", "topic:a", "a*"}
		var topics []*event.Topic[string]
		for _, c := range []*repo.Client{client, tenant} {
			for _, name := range names {
				topics = append(topics, event.NewTopic(c, name, text))
			}
		}
		topics = append(topics, topics[0].Sub("x.y"), topics[0].Sub("x", "y"), topics[0].Sub("x%2Ey"), topics[0].Sub("*"))
		own := make([]*subscriber[string], len(topics))
		for i, topic := range topics {
			own[i] = listen(t, topic.Subscribe)
		}
		for _, topic := range topics {
			publish(t, topic, topic.Name())
		}
		for i, topic := range topics {
			publish(t, topic, "end")
			own[i].want(topic.Name(), "end")
		}
	})
}

// glob has a pattern look like Subscribe.
func glob[T any](topic *event.Topic[T], pattern string) func(context.Context, ...event.SubscribeOption) iter.Seq2[event.Message[T], error] {
	return func(ctx context.Context, opts ...event.SubscribeOption) iter.Seq2[event.Message[T], error] {
		return topic.SubscribeGlob(ctx, pattern, opts...)
	}
}

func TestSubscribeGlob(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		text := event.TopicOptions[string]{Codec: event.Bytes[string]()}
		orders := event.NewTopic(client, "orders*", text)
		odd := `a.b*?[c]\^%`
		topics := []*event.Topic[string]{
			orders, orders.Sub("eu"), orders.Sub("eu", "berlin"), orders.Sub("eu", "paris"), orders.Sub("us"), orders.Sub(odd), orders.Sub(odd, "x"),
			event.NewTopic(client, "orders*x.eu.berlin", text), event.NewTopic(client, "orders", text).Sub("eu", "berlin"),
		}
		patterns := map[string][]int{
			"*":                        {1, 2, 3, 4, 5, 6},
			"eu.*":                     {2, 3},
			"?s":                       {4},
			"[eu][us]":                 {1, 4},
			event.Quote(odd):           {5},
			event.Quote(odd) + ".*":    {6},
			"eu." + event.Quote("*"):   {},
			event.Quote("eu") + ".p*s": {3},
		}
		subscribers := map[string]*subscriber[string]{}
		for p := range patterns {
			subscribers[p] = listen(t, glob(orders, p))
		}
		for range 2 { // the second time shows that there was nothing else the first
			for _, topic := range topics {
				publish(t, topic, topic.Name())
			}
		}
		for p, want := range patterns {
			for _, at := range append(want, want...) {
				m, err, ok := subscribers[p].next()
				if err != nil || !ok || m.Value != topics[at].Name() || m.Topic != topics[at].Name() {
					t.Fatalf("%q received %+v, %v, want %q", p, m, err, topics[at].Name())
				}
			}
		}
	})
}

func TestTopicSizes(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		small := event.NewTopic(client, "t", event.TopicOptions[string]{Codec: event.Bytes[string](), MaxSize: 10})
		large := event.NewTopic(client, "t", event.TopicOptions[string]{Codec: event.Bytes[string](), MaxSize: -1})
		s := listen(t, small.Subscribe)
		_, err := small.Publish(t.Context(), "01234567890")
		wantError(t, err, repo.ErrTooLarge)
		publish(t, large, strings.Repeat("x", 2<<20), "0123456789")
		err = s.fails()
		wantError(t, err, repo.ErrTooLarge)
		wantError(t, err, event.ErrMessage)
		s.want("0123456789")
		standard := event.NewTopic(client, "t", event.TopicOptions[string]{Codec: event.Bytes[string]()})
		_, err = standard.Publish(t.Context(), strings.Repeat("x", 1<<20+1))
		wantError(t, err, repo.ErrTooLarge)
	})
}

// What cannot be decoded is an error, and the loop goes on.
func TestBadMessage(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		orders := event.NewTopic(client, "orders", event.TopicOptions[order]{})
		s := listen(t, orders.Subscribe)
		publish(t, event.NewTopic(client, "orders", event.TopicOptions[string]{Codec: event.Bytes[string]()}), "{")
		publish(t, orders, order{"a", 1})
		wantError(t, s.fails(), event.ErrMessage)
		s.want(order{"a", 1})
	})
}

// Where messages are dropped because the subscriber is slow, there is a gap.
func TestSlowSubscriber(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		numbers := event.NewTopic(client, "numbers", event.TopicOptions[int]{})
		s := listen(t, numbers.Subscribe, event.Buffer(4))
		all := listen(t, numbers.Subscribe)
		for i := range 50 {
			publish(t, numbers, i)
			all.want(i)
		}
		// All have come: those that this one has not taken are dropped. A message may be with
		// the loop, out of the queue.
		last, gaps, n := -1, 0, 0
		for n < 100 {
			publish(t, numbers, 50+n)
			all.want(50 + n)
			n++
			m, err, ok := s.next()
			if err != nil || !ok {
				t.Fatal(err, ok)
			}
			if m.Gap {
				gaps++
				last = -1
				continue
			}
			if last >= 0 && m.Value != last+1 {
				t.Fatalf("%d follows %d without a gap", m.Value, last)
			}
			last = m.Value
		}
		if gaps == 0 || last < 100 {
			t.Errorf("%d gaps, last %d", gaps, last)
		}
	})
}

// What is lost with a connection has a gap in its place.
func TestTopicReconnects(t *testing.T) {
	noLeak(t)
	server := redisd.Shared(t)
	proxy := faultproxy.Start(t, server.Addr())
	client := proxied(t, proxy.Addr())
	direct, err := repo.New(server.Client(), repo.Config{Prefix: client.Prefix()})
	must(t, err)
	defer direct.Close()
	numbers := event.NewTopic(client, "numbers", event.TopicOptions[int]{Logger: quiet})
	source := event.NewTopic(direct, "numbers", event.TopicOptions[int]{})
	s := listen(t, numbers.Subscribe)
	p := listen(t, glob(event.NewTopic(client, "n", event.TopicOptions[int]{Logger: quiet}), "*"))
	sub := event.NewTopic(direct, "n.x", event.TopicOptions[int]{})
	n := 0
	for range 5 {
		proxy.Down()
		publish(t, source, n) // is lost
		publish(t, sub, n)
		proxy.Up(t)
		for _, one := range []struct {
			from *event.Topic[int]
			to   *subscriber[int]
		}{{source, s}, {sub, p}} {
			m, err, ok := one.to.next()
			if !m.Gap || err != nil || !ok {
				t.Fatalf("received %+v, %v, %t, want a gap", m, err, ok)
			}
			publish(t, one.from, n+1)
			one.to.want(n + 1)
		}
		n += 2
	}
}

// A message whose reply is lost is sent once.
func TestPublishUncertain(t *testing.T) {
	noLeak(t)
	proxy := faultproxy.Start(t, redisd.Shared(t).Addr())
	rdb := redis.NewClient(&redis.Options{Addr: proxy.Addr()}) // go-redis retries, as it does by default
	defer rdb.Close()
	client := on(t, rdb, repo.Config{})
	numbers := event.NewTopic(client, "numbers", event.TopicOptions[int]{Logger: quiet})
	s := listen(t, numbers.Subscribe)
	proxy.DropReply(faultproxy.Command("PUBLISH"))
	_, err := numbers.Publish(t.Context(), 1)
	wantError(t, err, repo.ErrUncertain)
	publish(t, numbers, 2)
	s.want(1, 2)

	proxy.Down()
	_, err = numbers.Publish(t.Context(), 3)
	if err == nil || errors.Is(err, repo.ErrUncertain) && !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") {
		t.Errorf("without a server: %v", err)
	}
	if _, err = numbers.Publish(t.Context(), 3); err == nil || errors.Is(err, repo.ErrUncertain) {
		t.Errorf("without a server: %v, want that it was not sent", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = numbers.Publish(ctx, 4)
	wantError(t, err, context.Canceled)
}

// Who may not subscribe is told, and the loop ends.
func TestSubscribeDenied(t *testing.T) {
	server := redisd.Start(t, redisd.Password("admin's"), redisd.User("program", "program's", "~*", "+@all", "resetchannels", "&allowed*"))
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "program", Password: "program's"})
	defer rdb.Close()
	client := on(t, rdb, repo.Config{})
	topic := event.NewTopic(client, "denied", event.TopicOptions[int]{Logger: quiet})
	n := 0
	for m, err := range topic.Subscribe(t.Context()) {
		n++
		if err == nil || !strings.Contains(err.Error(), "NOPERM") || strings.Contains(err.Error(), "program's") {
			t.Errorf("received %+v, %v", m, err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
	if _, err := topic.Publish(t.Context(), 1); err == nil || errors.Is(err, repo.ErrUncertain) {
		t.Error(err)
	}
}

// A loop ends with its context, by itself, and with the client.
func TestSubscribeEnds(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		topic := event.NewTopic(client, "t", event.TopicOptions[int]{Logger: quiet})
		ctx, cancel := context.WithCancelCause(t.Context())
		for _, err := range topic.Subscribe(ctx, event.Ready(func() { cancel(nil) })) {
			wantError(t, err, context.Canceled)
		}
		for m, err := range topic.Subscribe(t.Context(), event.Ready(func() { publish(t, topic, 1, 2) })) {
			must(t, err)
			if m.Value == 2 {
				break
			}
		}
		view, err := repo.New(client.Redis(), repo.Config{Prefix: client.Prefix()}) // its connection stays open
		must(t, err)
		closing := event.NewTopic(view, "t", event.TopicOptions[int]{Logger: quiet})
		for _, err := range closing.Subscribe(t.Context(), event.Ready(func() { must(t, view.Close()) })) {
			wantError(t, err, repo.ErrClosed)
		}
		for _, err := range closing.Subscribe(t.Context()) {
			wantError(t, err, repo.ErrClosed)
		}
	})
	server := miniredis.RunT(t)
	owner, err := repo.Open(t.Context(), repo.Config{Addrs: []string{server.Addr()}, SweepInterval: -1})
	must(t, err)
	topic := event.NewTopic(owner, "t", event.TopicOptions[int]{Logger: quiet})
	start := time.Now()
	for _, err := range topic.Subscribe(t.Context(), event.Ready(func() { must(t, owner.Close()) })) {
		wantError(t, err, repo.ErrClosed)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v to notice that connections are closed", took)
	}
	_, err = topic.Publish(t.Context(), 1)
	wantError(t, err, repo.ErrClosed)
}
