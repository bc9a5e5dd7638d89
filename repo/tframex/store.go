package tframex

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
	"github.com/redisgen/redisgen/repo/limit"
)

// Store is what an agent framework keeps, with the operations that it needs: a repository
// for each entity, for everything that concerns one, and methods for what takes several
// steps. It is safe for concurrent use.
//
// Methods that return a query send nothing: [repo.Query] has Page with cursors, All,
// Count and Delete. Errors are those of package repo, such as [repo.ErrNotFound], and
// those of this package.
type Store struct {
	Users           *Users
	Roles           *Roles
	Permissions     *Permissions
	UserRoles       *UserRoles
	Conversations   *Conversations
	Messages        *Messages
	Flows           *Flows
	FlowSteps       *FlowSteps
	AgentExecutions *AgentExecutions
	ToolCalls       *ToolCalls
	AuditLogs       *AuditLogs
	Events          *Events
	Metrics         *Metrics
	Sessions        *Sessions
	TempData        *TempDataRepository
	Documents       *Documents
	Tables          *Tables

	client  *repo.Client
	options StoreOptions
	clock   *clock
	limiter *limit.Limiter // nil: no limits
	limits  error          // why there is no limiter
	names   roleNames

	conversations *event.Topic[ConversationNotice]
	flows         *event.Topic[FlowNotice]
	publishing    failing

	cancel context.CancelFunc
	done   sync.WaitGroup
}

// StoreOptions changes how a [Store] works. The zero value is a good default.
type StoreOptions struct {
	// SessionTTL is how long a session lives after it was last used. Default 1 h.
	SessionTTL time.Duration
	// TempTTL is how long temporary data is kept if PutTemp does not say. Default 5 min.
	TempTTL time.Duration
	// MaxMessageSize is how many bytes a message has at most: its content, and its tool
	// calls and metadata as JSON. Default 1 MiB; negative: no limit but that of the client.
	MaxMessageSize int
	// UserLimits are how often [Store.Allow] admits each user. Default: always.
	UserLimits []limit.Limit
	// AuditRetention is for how long entries of the audit trail are kept; older ones are
	// deleted in the background until Close. Default 0: for ever.
	AuditRetention time.Duration
	// AuditInterval is how often old entries are looked for. Default 10 min, or
	// AuditRetention if that is less.
	AuditInterval time.Duration
	// Notify has messages that are appended and statuses of flows that change published to
	// their topics, at a round trip each. Default false.
	Notify bool
	// Clock gives the times that the Store writes. Set it if [repo.Config.Clock] is set, to
	// the same. Default: the server's clock, which is asked once a minute.
	Clock func() time.Time
	// Logger takes what happens in the background, and notices that could not be
	// published. Default slog.Default().
	Logger *slog.Logger
}

func (o StoreOptions) withDefaults() StoreOptions {
	for _, d := range []struct {
		to    *time.Duration
		value time.Duration
	}{{&o.SessionTTL, time.Hour}, {&o.TempTTL, 5 * time.Minute}, {&o.AuditInterval, 10 * time.Minute}} {
		if *d.to <= 0 {
			*d.to = d.value
		}
	}
	if o.AuditRetention > 0 {
		o.AuditInterval = min(o.AuditInterval, o.AuditRetention)
	}
	if o.MaxMessageSize == 0 {
		o.MaxMessageSize = 1 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// NewStore returns the store in the keyspace of client, which stays the caller's: Close
// leaves it open. The client reads from the primary; it is no view by
// [repo.Client.StaleReads]. Nothing is sent.
func NewStore(client *repo.Client, o StoreOptions) *Store {
	o = o.withDefaults()
	s := &Store{
		Users: NewUsers(client), Roles: NewRoles(client), Permissions: NewPermissions(client), UserRoles: NewUserRoles(client),
		Conversations: NewConversations(client), Messages: NewMessages(client),
		Flows: NewFlows(client), FlowSteps: NewFlowSteps(client), AgentExecutions: NewAgentExecutions(client), ToolCalls: NewToolCalls(client),
		AuditLogs: NewAuditLogs(client), Events: NewEvents(client), Metrics: NewMetrics(client),
		Sessions: NewSessions(client), TempData: NewTempDataRepository(client), Documents: NewDocuments(client), Tables: NewTables(client),
		client: client, options: o, clock: &clock{client: client, given: o.Clock},
		conversations: event.NewTopic(client, "conversations", event.TopicOptions[ConversationNotice]{Logger: o.Logger}),
		flows:         event.NewTopic(client, "flows", event.TopicOptions[FlowNotice]{Logger: o.Logger}),
	}
	if len(o.UserLimits) > 0 {
		s.limiter, s.limits = limit.New(client, "users", o.UserLimits...)
	}
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	if o.AuditRetention > 0 {
		s.done.Go(func() { s.retain(ctx) })
	}
	return s
}

// Client returns the client that the store was made with.
func (s *Store) Client() *repo.Client { return s.client }

// Close ends the background work of the store, and returns when that has ended. The
// client stays open. Closing twice does nothing.
func (s *Store) Close() error {
	s.cancel()
	s.done.Wait()
	return nil
}

// newest returns a query in the order of a field, latest first; [repo.Query.OrderBy]
// changes that.
func newest[T any](q *repo.Query[T, string], at interface{ Desc() repo.Order[T] }) *repo.Query[T, string] {
	return q.OrderBy(at.Desc())
}

// failing logs when something begins to fail, and when it succeeds again.
type failing struct {
	mu  sync.Mutex
	now bool
}

func (f *failing) note(log *slog.Logger, what string, err error) {
	f.mu.Lock()
	changed := f.now != (err != nil)
	f.now = err != nil
	f.mu.Unlock()
	switch {
	case changed && err != nil:
		log.Warn("tframex: "+what+" fails", "error", err)
	case changed:
		log.Info("tframex: " + what + " succeeds again")
	}
}
