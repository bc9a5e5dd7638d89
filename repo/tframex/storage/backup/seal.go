package backup

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// The seal is the last of a file, a skippable frame of zstd, which other programs pass over:
// four bytes that say so, the length of the rest as four bytes with the lowest first, a
// label, and the SHA-256 of all bytes before the frame.
// https://www.rfc-editor.org/rfc/rfc8878#section-3.1.2
var sealStart = []byte("\x5e\x2a\x4d\x18\x28\x00\x00\x00tfxseal1")

const sealSize = 16 + sha256.Size

// sealer writes to w, and at last the seal.
type sealer struct {
	w    io.Writer
	hash hash.Hash
}

func (s *sealer) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.hash.Write(p[:n])
	return n, err
}

// seal ends the file and returns its checksum.
func (s *sealer) seal() (string, error) {
	sum := s.hash.Sum(nil)
	_, err := s.w.Write(append(bytes.Clone(sealStart), sum...))
	return fmt.Sprintf("%x", sum), err
}

// unsealer reads what is before the seal. At the end it returns io.EOF only if the seal is
// right; otherwise an ErrDamaged.
type unsealer struct {
	r    io.Reader
	hash hash.Hash
	buf  []byte
	rest []byte // of buf: what is read and not yet returned
	err  error  // of r
	end  error  // what Read has returned at last
}

func newUnsealer(r io.Reader) *unsealer {
	return &unsealer{r: r, hash: sha256.New(), buf: make([]byte, 32<<10)}
}

func (u *unsealer) Read(p []byte) (int, error) {
	for len(u.rest) <= sealSize && u.err == nil {
		n := copy(u.buf, u.rest)
		var more int
		more, u.err = u.r.Read(u.buf[n:])
		u.rest = u.buf[:n+more]
	}
	if len(u.rest) <= sealSize {
		u.end = u.finish()
		return 0, u.end
	}
	n := copy(p, u.rest[:len(u.rest)-sealSize])
	u.hash.Write(u.rest[:n])
	u.rest = u.rest[n:]
	return n, nil
}

// finish returns what the end of the file means.
func (u *unsealer) finish() error {
	switch {
	case u.err != io.EOF:
		return u.err
	case !bytes.HasPrefix(u.rest, sealStart) || len(u.rest) < sealSize:
		return fmt.Errorf("%w: it does not end as backups do; has it been cut off?", ErrDamaged)
	case !bytes.Equal(u.rest[len(sealStart):], u.hash.Sum(nil)):
		return fmt.Errorf("%w: its checksum is another", ErrDamaged)
	}
	return io.EOF
}
