package s3

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// conn is a connected storage.
type conn struct {
	config    Config
	client    *s3.Client
	transport *http.Transport
	running   sync.WaitGroup // operations
	known     *known
	index     *index
	locks     *locks
}

// dial returns a connection to the bucket, which has answered.
func dial(ctx context.Context, cfg Config) (*conn, error) {
	buildable := awshttp.NewBuildableClient()
	options := []func(*config.LoadOptions) error{config.WithRegion(cfg.Region), config.WithHTTPClient(buildable), config.WithLogger(logging.Nop{})}
	if cfg.AccessKeyID != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(cfg.AccessKeyID, cfg.SecretAccessKey, cfg.SessionToken)))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("%w: the configuration of the SDK of AWS: %w", storage.ErrConnection, err)
	}
	if with, ok := loaded.HTTPClient.(*awshttp.BuildableClient); ok { // that has the certificates of the environment
		buildable = with
	}
	c := &conn{config: cfg, transport: buildable.GetTransport(), known: newKnown(), index: newIndex(), locks: newLocks()}
	c.transport.MaxIdleConns, c.transport.MaxIdleConnsPerHost = 0, cfg.BatchSize
	loaded.HTTPClient = &http.Client{Transport: c.transport, Timeout: cfg.Timeout}
	c.client = s3.NewFromConfig(loaded, c.options)
	if err := c.ping(ctx); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// options are those of the client. Servers other than AWS do not know the checksums that the
// SDK would add to all requests.
func (c *conn) options(o *s3.Options) {
	if c.config.EndpointURL != "" {
		o.BaseEndpoint = &c.config.EndpointURL
	}
	o.UsePathStyle = *c.config.PathStyle
	o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 1 + c.config.Retries
		o.MaxBackoff = 2 * time.Second
	})
}

func (c *conn) close() { c.transport.CloseIdleConnections() }

// ping asks for the bucket.
func (c *conn) ping(ctx context.Context) error {
	_, err := c.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &c.config.Bucket})
	if err = convert(ctx, err); isMissing(err) {
		return fmt.Errorf("%w: there is no bucket %q: %w", storage.ErrConnection, c.config.Bucket, err)
	}
	return err
}

// each calls f for numbers below n, at most batch_size at once, and returns the first error.
// The context of f is done then.
func (c *conn) each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	free := make(chan struct{}, c.config.BatchSize)
	for i := range n {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			wg.Wait()
			return context.Cause(ctx)
		}
		wg.Go(func() {
			defer func() { <-free }()
			if err := f(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// locks let one goroutine at a time change a document, so that those of one process need not
// repeat what they do.
type locks [64]chan struct{}

func newLocks() *locks {
	var l locks
	for i := range l {
		l[i] = make(chan struct{}, 1)
	}
	return &l
}

// lock waits for the lock of a document.
func (c *conn) lock(ctx context.Context, table, id string) (unlock func(), err error) {
	if table == "sessions" && c.config.Unconditional { // that has two names, and nothing but the lock
		id = ""
	}
	one := c.locks[hash(table, id)%uint64(len(c.locks))]
	select {
	case one <- struct{}{}:
		return func() { <-one }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
