// Package s3 keeps documents in a bucket of Amazon S3, or of a server that speaks its
// protocol: one object of JSON for each document, in the layout that the framework has.
//
//	<prefix>tables/<table>/_metadata.json
//	<prefix>tables/<table>/data/YYYY/MM/DD/<id>.json
//
// The date is that of the insert, in UTC. It makes the driver "s3" known to package storage.
package s3

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Config says which bucket it is, and how it is used. The zero values of all fields but
// Bucket are good defaults.
type Config struct {
	// Bucket is the name of the bucket. It has to be there.
	Bucket string
	// Prefix is where all keys begin; "": "tframex/"; "/": at the root of the bucket. It
	// has 200 bytes at most. A slash is added if it does not end with one.
	Prefix string
	// Region is the region of the bucket; "": "us-east-1".
	Region string
	// AccessKeyID and SecretAccessKey are the credentials, with SessionToken if they are
	// temporary. Without them, those are used that the SDK of AWS finds: in variables of
	// the environment, in its files, or from the machine.
	AccessKeyID, SecretAccessKey, SessionToken string
	// EndpointURL is the address of a server other than that of AWS.
	EndpointURL string
	// PathStyle says whether the bucket is part of the path of addresses, not of the
	// name of the host; nil: if there is an EndpointURL.
	PathStyle *bool
	// Encryption is the encryption at rest: "AES256", "aws:kms" or "aws:kms:dsse"; "":
	// that of the bucket. EncryptionKey is the key of KMS; "": the default one.
	Encryption, EncryptionKey string
	// BatchSize is how many requests one call sends at once at most; 0: 100.
	BatchSize int
	// MaxScan is how many documents of a table are read for a filter or an order; 0:
	// 10,000, negative: any number. It bounds time, costs and, with an order, memory.
	MaxScan int
	// Timeout is how long one request may take; 0: 30 seconds.
	Timeout time.Duration
	// Retries is how often a request is repeated that was not answered, or with an
	// error that may pass; 0: 3, negative: never.
	Retries int
	// ReadOnly refuses all that changes the bucket, with [storage.ErrQuery].
	ReadOnly bool
	// Unconditional is for servers that refuse conditional writes: it makes none. Then
	// what several processes write to one document at once can be lost; one process
	// still loses nothing.
	Unconditional bool
	// TrustIDs leaves out the search for another document with the id, of another date,
	// before an insert. It saves requests where the ids of documents are UUIDs that
	// were made for them.
	TrustIDs bool
}

// withDefaults returns the configuration with all defaults, or [storage.ErrValidation].
func (c Config) withDefaults() (Config, error) {
	c.Prefix = strings.Trim(cmp.Or(c.Prefix, "tframex/"), "/")
	if c.Prefix != "" {
		c.Prefix += "/"
	}
	c.Region = cmp.Or(c.Region, "us-east-1")
	c.BatchSize = cmp.Or(c.BatchSize, 100)
	c.MaxScan = cmp.Or(c.MaxScan, 10_000)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.Retries = max(0, cmp.Or(c.Retries, 3))
	if c.PathStyle == nil {
		c.PathStyle = new(c.EndpointURL != "")
	}
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case c.Bucket == "":
		return fmt.Errorf("%w: bucket_name is missing", storage.ErrValidation)
	case len(c.Prefix) > 200 || strings.Contains(c.Prefix, "//"):
		return fmt.Errorf("%w: prefix has more than 200 bytes, or an empty part", storage.ErrValidation)
	case (c.AccessKeyID == "") != (c.SecretAccessKey == ""):
		return fmt.Errorf("%w: aws_access_key_id and aws_secret_access_key go together", storage.ErrValidation)
	case c.BatchSize < 0 || c.Timeout < 0:
		return fmt.Errorf("%w: batch_size and timeout cannot be negative", storage.ErrValidation)
	case c.EncryptionKey != "" && !strings.HasPrefix(c.Encryption, "aws:kms"):
		return fmt.Errorf("%w: encryption_key is for the encryption aws:kms", storage.ErrValidation)
	case c.EndpointURL == "":
		return nil
	}
	u, err := url.Parse(c.EndpointURL)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: endpoint_url is no address such as https://host:9000, without a user", storage.ErrValidation)
	}
	return nil
}

func init() {
	storage.Register(storage.Driver{
		Type:     "s3",
		Summary:  "objects of JSON in a bucket of Amazon S3 or of a compatible server",
		Settings: settings,
		Open:     open,
	})
}

// settings are the keys of the configuration.
var settings = []storage.Setting{
	{Path: "bucket_name", Kind: storage.Text, Required: true, Doc: "Name of the bucket, which has to be there."},
	{Path: "prefix", Kind: storage.Text, Default: "tframex/", Doc: "Where all keys begin, at most 200 bytes; / or nothing is the root of the bucket."},
	{Path: "region", Kind: storage.Text, Default: "us-east-1", Doc: "Region of the bucket."},
	{Path: "aws_access_key_id", Kind: storage.Text, Doc: "ID of the access key; without it, credentials are those that the SDK of AWS finds."},
	{Path: "aws_secret_access_key", Kind: storage.Text, Secret: true, Doc: "The access key."},
	{Path: "aws_session_token", Kind: storage.Text, Secret: true, Doc: "Token of temporary credentials."},
	{Path: "endpoint_url", Kind: storage.Text, Doc: "Address of a server other than that of AWS."},
	{Path: "path_style", Kind: storage.Flag, Doc: "Whether the bucket is part of the path of addresses, not of the host; left out: if there is an endpoint_url."},
	{Path: "encryption", Kind: storage.Text, Choices: []string{"AES256", "aws:kms", "aws:kms:dsse"}, Doc: "Encryption at rest; left out: that of the bucket."},
	{Path: "encryption_key", Kind: storage.Text, Doc: "Key of KMS for the encryption aws:kms; left out: the default one."},
	{Path: "batch_size", Kind: storage.Integer, Default: int64(100), Min: 1, Max: 1000, Doc: "How many requests one call sends at once at most."},
	{Path: "max_scan", Kind: storage.Integer, Default: int64(10_000), Min: 1, Max: 1e9, Doc: "How many documents of a table are read for a filter or an order."},
	{Path: "timeout", Kind: storage.Seconds, Default: 30 * time.Second, Min: 0.001, Max: 3600, Unit: "seconds", Doc: "How long one request may take."},
	{Path: "retries", Kind: storage.Integer, Default: int64(3), Min: -1, Max: 100, Doc: "How often a request is repeated that failed for a while; 0 or -1: never."},
	{Path: "read_only", Kind: storage.Flag, Default: false, Doc: "Refuse all that changes the bucket."},
	{Path: "unconditional", Kind: storage.Flag, Default: false, Doc: "Make no conditional writes, for servers that refuse them; then one process alone may write."},
	{Path: "trust_ids", Kind: storage.Flag, Default: false, Doc: "Do not look for a document with the id, of another date, before an insert."},
}

// open returns the storage of settings.
func open(v storage.Values) (storage.Storage, error) {
	c := Config{
		Bucket: v.Text("bucket_name"), Prefix: v.Text("prefix"), Region: v.Text("region"),
		AccessKeyID: v.Text("aws_access_key_id"), SecretAccessKey: v.Text("aws_secret_access_key"), SessionToken: v.Text("aws_session_token"),
		EndpointURL: v.Text("endpoint_url"), Encryption: v.Text("encryption"), EncryptionKey: v.Text("encryption_key"),
		BatchSize: int(v.Int("batch_size")), MaxScan: int(v.Int("max_scan")), Timeout: v.Seconds("timeout"), Retries: int(v.Int("retries")),
		ReadOnly: v.Flag("read_only"), Unconditional: v.Flag("unconditional"), TrustIDs: v.Flag("trust_ids"),
	}
	if c.Prefix == "" { // which Config takes for the default
		c.Prefix = "/"
	}
	if c.Retries == 0 {
		c.Retries = -1
	}
	if v.Has("path_style") {
		c.PathStyle = new(v.Flag("path_style"))
	}
	s, err := New(c)
	if err != nil {
		return nil, err
	}
	return s, nil
}
