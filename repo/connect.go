package repo

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// connect returns go-redis's client for a configuration with its defaults, and
// its connections, if it is one that is to be watched.
func (c Config) connect() (redis.UniversalClient, *connections, error) {
	dialer := c.dialer()
	options, err := c.universal(dialer)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case c.MasterName != "":
		client := redis.NewFailoverClient(options.Failover())
		client.AddHook(dialling{})
		return client, nil, nil
	case c.isCluster():
		dialer.conns = &connections{}
		cluster := options.Cluster()
		cluster.NewClient, cluster.ClusterStateReloadInterval = newNode, 2*watchInterval
		return redis.NewClusterClient(cluster), dialer.conns, nil
	default:
		return redis.NewClient(options.Simple()), nil, nil
	}
}

// universal returns the options of go-redis's clients.
func (c Config) universal(dialer *dialer) (*redis.UniversalOptions, error) {
	from := c.parsed
	if from == nil {
		from = &redis.Options{}
	}
	o := &redis.UniversalOptions{
		Addrs: c.Addrs, MasterName: c.MasterName, IsClusterMode: c.Cluster, DB: c.DB, ClientName: c.ClientName,
		Username: c.Username, Password: c.Password,
		SentinelUsername: c.SentinelUsername, SentinelPassword: c.SentinelPassword,
		Dialer: dialer.connect, PoolSize: c.PoolSize, MinIdleConns: c.MinIdleConns,
		DialTimeout: c.DialTimeout, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout, PoolTimeout: c.PoolTimeout,
		Protocol: from.Protocol, PoolFIFO: from.PoolFIFO, MaxIdleConns: from.MaxIdleConns, MaxActiveConns: from.MaxActiveConns,
		MaxConcurrentDials: from.MaxConcurrentDials, ConnMaxIdleTime: from.ConnMaxIdleTime,
		ConnMaxLifetime: from.ConnMaxLifetime, ConnMaxLifetimeJitter: from.ConnMaxLifetimeJitter,
		PipelineReadBufferSize: from.PipelineReadBufferSize, PipelineWriteBufferSize: from.PipelineWriteBufferSize,
		PipelinePoolSize: from.PipelinePoolSize,
		// The client itself repeats what may be repeated, with its own pauses.
		MaxRetries: -1, DialerRetries: 1,
		// CLIENT SETINFO would need one more rule of an ACL, and one that Redis 7.0
		// does not know.
		DisableIdentity: true,
		// Without this, go-redis waits for ReadTimeout whatever the context says.
		ContextTimeoutEnabled: true,
	}
	if ask := c.credentials(); ask != nil {
		o.CredentialsProviderContext, o.OnConnect = ask, greet
	}
	if dialer.tls != nil {
		var err error
		if o.TLSConfig, err = dialer.tls.current(); err != nil {
			return nil, errors.Join(errConfig, err)
		}
	}
	return o, nil
}

// dialer makes connections.
type dialer struct {
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	tls     *tlsSource // nil: plain
	timeout time.Duration
	conns   *connections // nil: nobody asks for them
}

func (c Config) dialer() *dialer {
	d := &dialer{dial: c.Dialer, tls: c.tlsSource(), timeout: c.DialTimeout}
	if d.dial == nil {
		d.dial = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true}}).DialContext
	}
	return d
}

// connect makes a connection; its errors say that nothing was sent.
func (d *dialer) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	if d.conns != nil {
		if err := d.conns.check(addr); err != nil {
			return nil, notConnected(err)
		}
	}
	if d.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.timeout)
		defer cancel()
	}
	conn, err := d.dial(ctx, network, addr)
	if err != nil {
		return nil, notConnected(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && d.conns != nil {
		conn = d.conns.add(tcp, addr)
	}
	if d.tls == nil {
		return conn, nil
	}
	secure, err := d.secure(ctx, conn, addr)
	if err != nil {
		_ = conn.Close()
		return nil, notConnected(err)
	}
	return secure, nil
}

// secure speaks TLS on a connection.
func (d *dialer) secure(ctx context.Context, conn net.Conn, addr string) (net.Conn, error) {
	config, err := d.tls.current()
	if err != nil {
		return nil, err
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = addr
		if host, _, err := net.SplitHostPort(addr); err == nil {
			config.ServerName = host
		}
	}
	secure := tls.Client(conn, config)
	return secure, secure.HandshakeContext(ctx)
}

// dialling makes what goes wrong with the sentinels, before a server is dialled,
// an error of dialling too.
type dialling struct{}

func (dialling) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, notConnected(err)
		}
		return conn, nil
	}
}

func (dialling) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (dialling) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// notConnected makes an error one of dialling, by which go-redis and this
// package know that a command was not sent.
func notConnected(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return err
	}
	return &net.OpError{Op: "dial", Net: "redis", Err: err}
}
