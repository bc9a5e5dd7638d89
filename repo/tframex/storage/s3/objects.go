package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// object is a document as it is in the bucket.
type object struct {
	key              string
	id               string
	doc              storage.Document
	created, updated time.Time
	etag             string
}

// Names of the metadata of objects, behind x-amz-meta-. The last two are beyond the layout of
// the framework: objects that it wrote do without.
const (
	metaTable   = "table_name"
	metaID      = "record_id"
	metaCreated = "created_at"
	metaUpdated = "updated_at"
	metaWrite   = "write_id" // made up for each write, to know it again
)

// maxObject is how many bytes an object has at most: what [storage.ParseDocument] takes.
const maxObject = 64 << 20

// read returns a document, errMissing, or an *objectError.
func (c *conn) read(ctx context.Context, table, key string) (*object, error) {
	doc, out, err := c.download(ctx, key)
	if err != nil {
		return nil, err
	}
	id, _ := c.keyID(table, key)
	o := &object{key: key, id: id, doc: doc, etag: aws.ToString(out.ETag)}
	o.created = metaTime(out.Metadata[metaCreated], out.LastModified)
	o.updated = metaTime(out.Metadata[metaUpdated], out.LastModified)
	return o, nil
}

// download returns the JSON of an object. Of one that is too large it reads no more than a
// document may have.
func (c *conn) download(ctx context.Context, key string) (storage.Document, *s3.GetObjectOutput, error) {
	out, err := c.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.config.Bucket, Key: &key})
	if code(err) == archived {
		return nil, nil, &objectError{key, fmt.Errorf("%w: %w", kind(http.StatusForbidden, archived), err)}
	}
	if err != nil {
		return nil, nil, convert(ctx, err)
	}
	defer func() { _ = out.Body.Close() }()
	if n := aws.ToInt64(out.ContentLength); n > maxObject {
		return nil, nil, &objectError{key, fmt.Errorf("%w: %d bytes, at most %d", storage.ErrValidation, n, maxObject)}
	}
	data, err := io.ReadAll(io.LimitReader(out.Body, maxObject+1))
	if err != nil {
		return nil, nil, convert(ctx, err)
	}
	doc, err := storage.ParseDocument(data)
	if err != nil {
		return nil, nil, &objectError{key, err}
	}
	return doc, out, nil
}

// metaTime returns a time of the metadata, else when the object was written.
func metaTime(text string, modified *time.Time) time.Time {
	if t, err := storage.ParseTime(text); err == nil {
		return t
	}
	return aws.ToTime(modified).UTC()
}

// condition is that of a write: "" for none, absent, or the ETag of the object to replace.
type condition string

const absent condition = "*"

// write stores a document under its key. It is errChanged if the condition does not hold.
func (c *conn) write(ctx context.Context, table string, o *object, cond condition) error {
	data, err := json.Marshal(o.doc)
	if err != nil {
		return fmt.Errorf("%w: %w", storage.ErrValidation, err)
	}
	return c.put(ctx, o.key, data, cond, map[string]string{
		metaTable: table, metaID: escape(o.id), metaCreated: storage.FormatTime(o.created), metaUpdated: storage.FormatTime(o.updated),
	})
}

// put stores an object. A write whose answer was lost is sent again, and may then meet
// itself: it is known by its write_id.
func (c *conn) put(ctx context.Context, key string, data []byte, cond condition, meta map[string]string) error {
	meta[metaWrite] = rand.Text()
	in := &s3.PutObjectInput{
		Bucket: &c.config.Bucket, Key: &key, Body: bytes.NewReader(data), ContentType: aws.String("application/json"), Metadata: meta,
		ServerSideEncryption: types.ServerSideEncryption(c.config.Encryption),
	}
	if c.config.EncryptionKey != "" {
		in.SSEKMSKeyId = &c.config.EncryptionKey
	}
	if c.config.Unconditional {
		if err := c.holds(ctx, key, cond); err != nil {
			return err
		}
	} else if cond == absent {
		in.IfNoneMatch = aws.String("*")
	} else if cond != "" {
		in.IfMatch = aws.String(string(cond))
	}
	err := c.send(ctx, in, data)
	if isChanged(err) {
		if head, headErr := c.head(ctx, key); headErr == nil && head.Metadata[metaWrite] == meta[metaWrite] {
			return nil
		}
	}
	return err
}

// send sends a write, again while another one is under way.
func (c *conn) send(ctx context.Context, in *s3.PutObjectInput, data []byte) error {
	for attempt := 1; ; attempt++ {
		in.Body = bytes.NewReader(data)
		_, err := c.client.PutObject(ctx, in)
		if err = convert(ctx, err); !errors.Is(err, errConflict) || attempt == attempts {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// holds checks a condition beforehand, for servers that do not.
func (c *conn) holds(ctx context.Context, key string, cond condition) error {
	if cond == "" {
		return nil
	}
	head, err := c.head(ctx, key)
	switch {
	case isMissing(err) && cond == absent:
		return nil
	case err != nil:
		return err
	case condition(aws.ToString(head.ETag)) != cond:
		return errChanged
	}
	return nil
}

func (c *conn) head(ctx context.Context, key string) (*s3.HeadObjectOutput, error) {
	out, err := c.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &c.config.Bucket, Key: &key})
	return out, convert(ctx, err)
}

// remove deletes an object; without effect if there is none.
func (c *conn) remove(ctx context.Context, key string) error {
	_, err := c.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &c.config.Bucket, Key: &key})
	if err = convert(ctx, err); isMissing(err) {
		return nil
	}
	return err
}

// page is one answer of a listing.
type page struct {
	keys     []string
	prefixes []string // what keys have up to a slash behind the prefix of the listing
	more     bool
}

// list yields the keys with a prefix, behind one if after is not "", 1,000 a request.
func (c *conn) list(ctx context.Context, prefix, after, delimiter string) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &c.config.Bucket, Prefix: &prefix}
		if after != "" {
			in.StartAfter = &after
		}
		if delimiter != "" {
			in.Delimiter = &delimiter
		}
		for {
			out, err := c.client.ListObjectsV2(ctx, in)
			if err != nil {
				yield(page{}, convert(ctx, err))
				return
			}
			p := page{more: aws.ToBool(out.IsTruncated) && aws.ToString(out.NextContinuationToken) != ""}
			for _, o := range out.Contents {
				p.keys = append(p.keys, aws.ToString(o.Key))
			}
			for _, o := range out.CommonPrefixes {
				p.prefixes = append(p.prefixes, aws.ToString(o.Prefix))
			}
			if !yield(p, nil) || !p.more {
				return
			}
			in.ContinuationToken = out.NextContinuationToken
		}
	}
}

// prefixes returns the parts of keys up to the next slash behind a prefix.
func (c *conn) prefixes(ctx context.Context, prefix string) (list []string, err error) {
	for p, err := range c.list(ctx, prefix, "", "/") {
		if err != nil {
			return nil, err
		}
		for _, found := range p.prefixes {
			if strings.HasPrefix(found, prefix) {
				list = append(list, found)
			}
		}
	}
	return list, nil
}
