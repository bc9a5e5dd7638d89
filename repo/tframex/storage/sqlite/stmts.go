package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// maxPrepared is how many statements of one pool are kept prepared. There are a few for each
// table; those of filters beyond are prepared each time.
const maxPrepared = 128

// pool is a pool of connections whose statements are prepared once.
type pool struct {
	*sql.DB
	mu         sync.RWMutex
	statements map[string]*sql.Stmt
}

// prepared returns the statement of a query; nil if no more are kept.
func (p *pool) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.RLock()
	s, n := p.statements[query], len(p.statements)
	p.mu.RUnlock()
	if s != nil || n >= maxPrepared {
		return s, nil
	}
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.statements[query]; other != nil {
		_ = s.Close()
		return other, nil
	}
	if p.statements == nil {
		p.statements = map[string]*sql.Stmt{}
	}
	p.statements[query] = s
	return s, nil
}

// ExecContext runs a statement.
func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := p.prepared(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return p.DB.ExecContext(ctx, query, args...)
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext runs a statement that returns rows.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.prepared(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return p.DB.QueryContext(ctx, query, args...)
	}
	return s.QueryContext(ctx, args...)
}

// close ends all statements, then the connections.
func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.statements {
		_ = s.Close()
	}
	p.statements = nil
	return p.DB.Close()
}
