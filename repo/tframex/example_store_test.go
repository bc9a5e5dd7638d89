package tframex_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex"
)

var ctx = context.Background()

// check ends an example that does not go as it should.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// embedded is a store in this process, whose clock the examples set.
type embedded struct {
	*tframex.Store
	server *miniredis.Miniredis
	now    time.Time
}

// openStore starts an embedded store. Its clock stands at the start of 2026.
func openStore(o tframex.StoreOptions) *embedded {
	server := miniredis.NewMiniRedis()
	check(server.Start())
	e := &embedded{server: server, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	server.ClockTTL(true)
	server.SetTime(e.now)
	client, err := repo.Open(ctx, repo.Config{Addrs: []string{server.Addr()}})
	check(err)
	o.Clock = func() time.Time { return e.now }
	e.Store = tframex.NewStore(client, o)
	return e
}

func (e *embedded) close() {
	check(e.Close())
	check(e.Client().Close())
	e.server.Close()
}

// pass has time pass on the store's clock.
func (e *embedded) pass(d time.Duration) {
	e.now = e.now.Add(d)
	e.server.SetTime(e.now)
}

func ExampleNewStore() {
	server, err := miniredis.Run() // a server in this process
	check(err)
	defer server.Close()

	client, err := repo.Open(ctx, repo.Config{URL: "redis://" + server.Addr(), Prefix: "tframex:"})
	check(err)
	defer client.Close()
	store := tframex.NewStore(client, tframex.StoreOptions{
		SessionTTL:     time.Hour,
		AuditRetention: 90 * 24 * time.Hour,
		UserLimits:     []limit.Limit{limit.PerMinute(60)},
		Notify:         true,
	})
	defer store.Close()

	ann := &tframex.User{Username: "ann", IsActive: true}
	check(store.Users.Create(ctx, ann)) // all that a repository has
	talk := &tframex.Conversation{UserID: &ann.ID, AgentName: "helper"}
	check(store.Conversations.Create(ctx, talk))
	check(store.Append(ctx, talk.ID,
		&tframex.Message{Role: tframex.RoleUser, Content: new("What is a hash tag?")},
		&tframex.Message{Role: tframex.RoleAssistant, Content: new("The part of a key that decides its slot.")},
	))
	n, err := store.CountMessages(ctx, talk.ID)
	check(err)
	fmt.Println(n, "messages")
	// Output: 2 messages
}

func ExampleStore_ConversationsOfUser() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()
	for _, title := range []string{"first", "second", "third"} {
		check(store.Conversations.Create(ctx, &tframex.Conversation{UserID: new("ann"), AgentName: "helper", Title: &title}))
		store.pass(time.Hour)
	}

	talks := store.ConversationsOfUser("ann").Limit(2)
	page, err := talks.Page(ctx)
	check(err)
	for _, c := range page.Items {
		fmt.Println(*c.Title)
	}
	page, err = talks.After(page.Next).Page(ctx)
	check(err)
	fmt.Println("then", *page.Items[0].Title)
	// Output:
	// third
	// second
	// then first
}

func ExampleStore_Append() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()
	talk := &tframex.Conversation{AgentName: "helper"}
	check(store.Conversations.Create(ctx, talk))

	say := func(role tframex.MessageRole, text string) *tframex.Message {
		return &tframex.Message{Role: role, Content: &text}
	}
	check(store.Append(ctx, talk.ID, say(tframex.RoleUser, "Hello"), say(tframex.RoleAssistant, "Good morning")))
	check(store.Append(ctx, talk.ID, say(tframex.RoleUser, "What is new?")))

	last, err := store.LastMessages(ctx, talk.ID, 2)
	check(err)
	for _, m := range last {
		fmt.Println(m.Role, *m.Content)
	}
	for m, err := range store.MessagesOf(talk.ID).All(ctx) { // or Page, with cursors
		check(err)
		fmt.Println(m.CreatedAt.Format("05.000000"))
	}
	// Output:
	// assistant Good morning
	// user What is new?
	// 00.000000
	// 00.000001
	// 00.000002
}

func ExampleStore_DeleteConversation() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()
	talk := &tframex.Conversation{AgentName: "helper"}
	check(store.Conversations.Create(ctx, talk))
	check(store.Append(ctx, talk.ID, &tframex.Message{Role: tframex.RoleUser}))

	n, err := store.DeleteConversation(ctx, talk.ID)
	fmt.Println(n, err)
	err = store.Append(ctx, talk.ID, &tframex.Message{Role: tframex.RoleUser})
	fmt.Println(errors.Is(err, repo.ErrNotFound))
	// Output:
	// 1 <nil>
	// true
}

func ExampleStore_Follow() {
	store := openStore(tframex.StoreOptions{Notify: true})
	defer store.close()
	talk := &tframex.Conversation{AgentName: "helper"}
	check(store.Conversations.Create(ctx, talk))
	check(store.Append(ctx, talk.ID, &tframex.Message{Role: tframex.RoleUser, Content: new("Hello")}))

	for m, err := range store.Follow(ctx, talk.ID, time.Time{}) {
		if err != nil {
			fmt.Println(err) // of ctx, or of a server that refuses
			return
		}
		fmt.Println(m.Role, *m.Content)
		if m.Role == tframex.RoleAssistant {
			break
		}
		check(store.Append(ctx, talk.ID, &tframex.Message{Role: tframex.RoleAssistant, Content: new("Good morning")}))
	}
	// Output:
	// user Hello
	// assistant Good morning
}

func ExampleStore_FlowTopic() {
	store := openStore(tframex.StoreOptions{Notify: true})
	defer store.close()
	run := &tframex.FlowExecution{FlowName: "report"}
	check(store.StartFlow(ctx, run))
	finish := func() {
		store.pass(3 * time.Second)
		_, err := store.SetFlowStatus(ctx, run.ID, tframex.FlowSuccess, tframex.FlowOutcome{})
		check(err)
	}

	for m, err := range store.FlowTopic(run.ID).Subscribe(ctx, event.Ready(finish)) {
		check(err)
		if m.Gap { // something may have been missed
			f, err := store.Flows.Get(ctx, run.ID)
			check(err)
			fmt.Println("is now", f.Status)
			continue
		}
		fmt.Println(m.Value.From, "to", m.Value.To, "after", m.Value.Duration)
		if tframex.Ended(m.Value.To) {
			break
		}
	}
	// Output: running to success after 3s
}

func ExampleStore_SetFlowStatus() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()

	run := &tframex.FlowExecution{FlowName: "report", UserID: new("ann")}
	check(store.StartFlow(ctx, run))
	check(store.FlowSteps.Create(ctx, &tframex.FlowStep{ExecutionID: run.ID, StepName: "collect", StepOrder: 0}))
	store.pass(90 * time.Second)
	change, err := store.SetFlowStatus(ctx, run.ID, tframex.FlowSuccess, tframex.FlowOutcome{FinalOutput: new("12 pages")})
	check(err)
	fmt.Println(change.From, "to", change.Flow.Status, "after", change.Duration)

	_, err = store.SetFlowStatus(ctx, run.ID, tframex.FlowCancelled, tframex.FlowOutcome{})
	if refused, ok := errors.AsType[*tframex.TransitionError](err); ok {
		fmt.Println("it is", refused.From)
	}
	n, err := store.FlowsByStatus(tframex.FlowSuccess).Count(ctx)
	check(err)
	fmt.Println(n, "successful")
	// Output:
	// running to success after 1m30s
	// it is success
	// 1 successful
}

func ExampleStore_FinishExecution() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()

	run := &tframex.AgentExecution{AgentName: "helper", InputMessage: new("What is new?")}
	check(store.BeginExecution(ctx, run))
	call := &tframex.ToolCall{AgentExecutionID: run.ID, ToolName: "search", ToolType: tframex.ToolMCP, Arguments: map[string]any{"q": "news"}}
	check(store.BeginToolCall(ctx, call))
	store.pass(250 * time.Millisecond)
	called, err := store.FinishToolCall(ctx, call.ID, tframex.Outcome{Result: []string{"rain"}})
	check(err)
	store.pass(500 * time.Millisecond)
	done, err := store.FinishExecution(ctx, run.ID, tframex.Outcome{Output: new("It rains.")})
	check(err)
	fmt.Println(called.Status, *called.ExecutionTimeMS, "ms")
	fmt.Println(done.Status, *done.ExecutionTimeMS, "ms", done.ToolCallsCount, "call")
	// Output:
	// success 250 ms
	// success 750 ms 1 call
}
