package events_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/testclient"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
	"github.com/redisgen/redisgen/tests/events"
)

var (
	ids    = []string{"a", "b", "c", "{d}", "e:\x00\xff"}
	owners = []string{"ann", "bob", "c:{d}", ""}
	texts  = []string{"", "x", "y", "z\x00\xff,"}
)

// optional returns a field that may be absent.
func optional(name string, v *string) field { return field{name: name, value: v} }

// maybe returns one of the values, or nil.
func maybe(w *world, values ...string) *string {
	if w.chance(2) {
		return nil
	}
	v := pick(w, values...)
	return &v
}

func newSubject[T any, K comparable](w *world, s *subject[T, K], r, direct *repo.Repository[*T, K]) *subject[T, K] {
	s.w, s.repo, s.direct = w, r, direct
	s.records, s.want, s.told = map[K]*record[T]{}, map[string][]told{}, map[string][]told{}
	return s
}

func same(id string) string { return id }

func (w *world) newSubjects() {
	w.newJobs()
	w.newTasks()
	w.newTrees()
	w.notes = newSubject(w, &subject[events.Note, string]{
		name: "notes", id: same, key: func(n *events.Note) string { return n.ID },
		fields: func(n *events.Note) []field { return []field{text("id", n.ID), text("text", n.Text).event()} },
		some:   func() *events.Note { return &events.Note{ID: pick(w, ids...), Text: w.mark(texts...)} },
		patch: func() ([]repo.Change[*events.Note], func(*events.Note)) {
			v := w.mark(texts...)
			return []repo.Change[*events.Note]{events.NoteFields.Text.Set(v)}, func(n *events.Note) { n.Text = v }
		},
	}, &events.NewNotes(w.client).Repository, &events.NewNotes(w.direct).Repository)
}

func (w *world) newJobs() {
	w.jobs = newSubject(w, &subject[events.Job, string]{
		name: "jobs", id: same, expires: true,
		key:     func(j *events.Job) string { return j.ID },
		version: func(j *events.Job) *int64 { return &j.Version },
		until:   func(j *events.Job) time.Time { return j.Until },
		fields: func(j *events.Job) []field {
			list := []field{text("id", j.ID), text("queue", j.Queue).event(), optional("name", j.Name), text("cost", strconv.FormatInt(j.Cost, 10)),
				{name: "tried"}, {name: "labels"}, text("token", j.Token), {name: "until"}}
			if j.Tried != 0 {
				list[4] = text("tried", strconv.Itoa(j.Tried))
			}
			if j.Labels != nil {
				list[5] = text("labels", strings.Join(j.Labels, "|"))
			}
			if !j.Until.IsZero() {
				list[7] = text("until", j.Until.String())
			}
			return list
		},
		some: func() *events.Job {
			j := &events.Job{ID: pick(w, ids...), Queue: pick(w, texts...), Name: maybe(w, texts...), Cost: w.rng.Int64N(3), Tried: w.rng.IntN(2), Token: w.mark(texts...)}
			if w.chance(3) {
				j.Labels = pick(w, []string{}, []string{"x"}, []string{"x", "y"}, []string{"x", "x"})
			}
			if w.chance(4) {
				j.Until = w.until()
			}
			return j
		},
		patch: w.jobPatch,
		query: func() (*repo.Query[*events.Job, string], func(*events.Job) bool) {
			q := pick(w, texts...)
			return w.jobs.repo.Where(events.JobFields.Queue.Eq(q)), func(j *events.Job) bool { return j.Queue == q }
		},
	}, &events.NewJobs(w.client).Repository, &events.NewJobs(w.direct).Repository)
}

// until returns a time at which a record expires: at times one that is past already,
// unless what was carried out is to show.
func (w *world) until() time.Time {
	d := pick(w, spans...)
	if !w.faulty && w.chance(4) {
		d = -tick / 2
	}
	return w.now().Add(d).UTC().Truncate(time.Millisecond)
}

func (w *world) jobPatch() (changes []repo.Change[*events.Job], change func(*events.Job)) {
	f, token, kind := events.JobFields, w.mark(texts...), w.rng.IntN(6)
	queue, name, until := pick(w, texts...), pick(w, texts...), w.until()
	changes = []repo.Change[*events.Job]{f.Token.Set(token)}
	switch kind {
	case 0:
		changes = append(changes, f.Queue.Set(queue))
	case 1:
		changes = append(changes, f.Tried.Add(2), f.Cost.Set(9))
	case 2:
		changes = append(changes, f.Name.Set(name))
	case 3:
		changes = append(changes, f.Name.Clear(), f.Labels.Clear(), f.Tried.Set(0))
	case 4:
		changes = append(changes, f.Until.Set(until))
	}
	return changes, func(j *events.Job) {
		j.Token = token
		switch kind {
		case 0:
			j.Queue = queue
		case 1:
			j.Tried += 2
			j.Cost = 9
		case 2:
			j.Name = &name
		case 3:
			j.Name, j.Labels, j.Tried = nil, nil, 0
		case 4:
			j.Until = until
		}
	}
}

func (w *world) newTasks() {
	taskID := func(k events.TaskKey) string { return fmt.Sprintf("%d:%s%d", len(k.Owner), k.Owner, k.ID) }
	w.tasks = newSubject(w, &subject[events.Task, events.TaskKey]{
		name: "tasks", id: taskID,
		key:     func(t *events.Task) events.TaskKey { return events.TaskKey{Owner: t.Owner, ID: t.ID} },
		version: func(t *events.Task) *int64 { return &t.Version },
		fields: func(t *events.Task) []field {
			return []field{text("owner", t.Owner), text("id", strconv.FormatInt(t.ID, 10)), text("title", t.Title).event(), optional("code", t.Code)}
		},
		some: func() *events.Task {
			return &events.Task{Owner: pick(w, owners...), ID: w.rng.Int64N(3), Title: w.mark(texts...), Code: maybe(w, ids...)}
		},
		patch: func() ([]repo.Change[*events.Task], func(*events.Task)) {
			title, code := w.mark(texts...), pick(w, ids...)
			changes := []repo.Change[*events.Task]{events.TaskFields.Title.Set(title)}
			switch kind := w.rng.IntN(3); {
			case kind == 0:
				return append(changes, events.TaskFields.Code.Set(code)), func(t *events.Task) { t.Title, t.Code = title, &code }
			case kind == 1:
				return append(changes, events.TaskFields.Code.Clear()), func(t *events.Task) { t.Title, t.Code = title, nil }
			}
			return changes, func(t *events.Task) { t.Title = title }
		},
		query: func() (*repo.Query[*events.Task, events.TaskKey], func(*events.Task) bool) {
			title := pick(w, texts...)
			return w.tasks.repo.Where(events.TaskFields.Title.Eq(title)), func(t *events.Task) bool { return t.Title == title }
		},
	}, &events.NewTasks(w.client).Repository, &events.NewTasks(w.direct).Repository)
	w.steps = newSubject(w, &subject[events.Step, events.StepKey]{
		name: "steps", expires: true, ttl: time.Hour,
		id: func(k events.StepKey) string {
			number := strconv.FormatInt(k.TaskID, 10)
			return fmt.Sprintf("%d:%s%d:%s%s", len(k.Owner), k.Owner, len(number), number, k.ID)
		},
		key: func(s *events.Step) events.StepKey { return events.StepKey{Owner: s.Owner, TaskID: s.TaskID, ID: s.ID} },
		fields: func(s *events.Step) []field {
			return []field{text("owner", s.Owner), text("task_id", strconv.FormatInt(s.TaskID, 10)), text("id", s.ID), text("state", s.State).event()}
		},
		some: func() *events.Step {
			return &events.Step{Owner: pick(w, owners...), TaskID: w.rng.Int64N(2), ID: pick(w, ids[:2]...), State: w.mark(texts...)}
		},
		patch: func() ([]repo.Change[*events.Step], func(*events.Step)) {
			v := w.mark(texts...)
			return []repo.Change[*events.Step]{events.StepFields.State.Set(v)}, func(s *events.Step) { s.State = v }
		},
		query: func() (*repo.Query[*events.Step, events.StepKey], func(*events.Step) bool) {
			v := pick(w, texts...)
			return w.steps.repo.Where(events.StepFields.State.Eq(v)), func(s *events.Step) bool { return s.State == v }
		},
	}, &events.NewSteps(w.client).Repository, &events.NewSteps(w.direct).Repository)
}

func (w *world) newTrees() {
	w.trees = newSubject(w, &subject[events.Tree, string]{
		name: "trees", id: same, key: func(t *events.Tree) string { return t.ID },
		fields: func(t *events.Tree) []field { return []field{text("id", t.ID), optional("parent", t.Parent).event()} },
		some:   func() *events.Tree { return &events.Tree{ID: pick(w, ids...), Parent: maybe(w, ids...)} },
		patch: func() ([]repo.Change[*events.Tree], func(*events.Tree)) {
			if w.chance(2) {
				return []repo.Change[*events.Tree]{events.TreeFields.Parent.Clear()}, func(t *events.Tree) { t.Parent = nil }
			}
			v := pick(w, ids...)
			return []repo.Change[*events.Tree]{events.TreeFields.Parent.Set(v)}, func(t *events.Tree) { t.Parent = &v }
		},
		gone: func(string) { w.fallen() },
	}, &events.NewTrees(w.client).Repository, &events.NewTrees(w.direct).Repository)
	w.leaves = newSubject(w, &subject[events.Leaf, string]{
		name: "leaves", id: same, key: func(l *events.Leaf) string { return l.ID },
		fields: func(l *events.Leaf) []field {
			return []field{text("id", l.ID), text("tree_id", l.TreeID).event(), text("color", l.Color).event()}
		},
		some: func() *events.Leaf {
			return &events.Leaf{ID: pick(w, ids...), TreeID: pick(w, ids...), Color: w.mark(texts...)}
		},
		patch: func() ([]repo.Change[*events.Leaf], func(*events.Leaf)) {
			tree, color := pick(w, ids...), w.mark(texts...)
			return []repo.Change[*events.Leaf]{events.LeafFields.TreeID.Set(tree), events.LeafFields.Color.Set(color)},
				func(l *events.Leaf) { l.TreeID, l.Color = tree, color }
		},
		query: func() (*repo.Query[*events.Leaf, string], func(*events.Leaf) bool) {
			tree := pick(w, ids...)
			return w.leaves.repo.Where(events.LeafFields.TreeID.Eq(tree)), func(l *events.Leaf) bool { return l.TreeID == tree }
		},
	}, &events.NewLeaves(w.client).Repository, &events.NewLeaves(w.direct).Repository)
}

// fallen has the leaves go whose tree is gone.
func (w *world) fallen() {
	if w.together {
		return
	}
	for key, r := range w.leaves.records {
		if w.trees.records[r.value.TreeID] == nil {
			w.leaves.deleted(key)
		}
	}
}

var loadSchema = sync.OnceValues(func() (*schema.Package, error) {
	packages, mistakes, err := load.Load("", ".")
	if err != nil || len(mistakes) > 0 {
		return nil, fmt.Errorf("%w %v", err, mistakes)
	}
	return packages[0].Package, nil
})

func (w *world) schema() (*schema.Package, error) { return loadSchema() }

// readStreams takes the entries that were added since.
func (w *world) readStreams() {
	keys, err := testclient.Keys(w.ctx, w.rdb, w.client.Prefix())
	w.must(err)
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		tag, rest, _ := strings.Cut(strings.TrimPrefix(key, w.client.Prefix()+"{"), "}")
		child, stream := strings.CutSuffix(rest, ":e")
		if !stream {
			continue
		}
		name, _, _ := strings.Cut(tag, ".")
		if child != "" {
			name = child
		}
		at := slices.IndexFunc(w.all(), func(s anySubject) bool { return s.entity() == name })
		if at < 0 {
			w.fail("%q is of no entity", key)
		}
		from := "-"
		if w.last[key] != "" {
			from = "(" + w.last[key]
		}
		reply, err := w.rdb.Do(w.ctx, "XRANGE", key, from, "+").Slice()
		w.must(err)
		for _, one := range reply {
			entry := one.([]any)
			w.last[key] = entry[0].(string)
			var words []string
			for _, word := range entry[1].([]any) {
				words = append(words, word.(string))
			}
			w.all()[at].read(words)
		}
	}
}

// channel is where notes are told.
func (w *world) channel() string { return w.client.Prefix() + "{notes}:e" }

func (w *world) subscribe() {
	subscribe := w.rdb.Subscribe
	if w.sharded {
		subscribe = w.rdb.SSubscribe
	}
	w.messages = subscribe(w.ctx, w.channel())
	_, err := w.messages.Receive(w.ctx) // the confirmation
	w.must(err)
}

// readMessages takes the messages that have come since, up to one of its own.
func (w *world) readMessages() {
	publish := w.rdb.Publish
	if w.sharded {
		publish = w.rdb.SPublish
	}
	w.must(publish(w.ctx, w.channel(), "end").Err())
	for {
		m, err := w.messages.ReceiveTimeout(w.ctx, 10*time.Second)
		w.must(err)
		message, ok := m.(*redis.Message)
		if !ok {
			w.fail("received %v", m)
		}
		if message.Payload == "end" {
			return
		}
		var words []string
		for rest := message.Payload; rest != ""; {
			digits, after, _ := strings.Cut(rest, ":")
			n, err := strconv.Atoi(digits)
			w.must(err)
			words, rest = append(words, after[:n]), after[n:]
		}
		w.notes.read(words)
	}
}
