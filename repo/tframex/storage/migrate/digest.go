package migrate

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// sum is a digest of any number of records that does not depend on their order: the sum of
// their digests, each of four words. It is what Bellare and Micciancio call AdHash
// (https://cseweb.ucsd.edu/~mihir/papers/inchash.pdf), here against mistakes and not against
// attackers.
type sum [4]uint64

func (s *sum) add(d [sha256.Size]byte) {
	for i := range s {
		s[i] += binary.BigEndian.Uint64(d[8*i:])
	}
}

// digest returns that of a document and its id. Documents that are equal, as [storage.Equal]
// has it, have the same.
func digest(id string, doc storage.Document) [sha256.Size]byte {
	buf := strconv.AppendInt(nil, int64(len(id)), 10)
	buf = append(append(buf, ':'), id...)
	return sha256.Sum256(canonical(buf, doc))
}

// canonical appends a value of a document as JSON in which keys are sorted and numbers of the
// same value are written alike.
func canonical(buf []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(buf, "null"...)
	case bool:
		return strconv.AppendBool(buf, v)
	case string:
		return strconv.AppendQuote(buf, v)
	case int64:
		return append(buf, number(strconv.FormatInt(v, 10))...)
	case json.Number:
		return append(buf, number(string(v))...)
	case []any:
		buf = append(buf, '[')
		for _, e := range v {
			buf = append(canonical(buf, e), ',')
		}
		return append(buf, ']')
	case map[string]any:
		buf = append(buf, '{')
		for _, key := range slices.Sorted(maps.Keys(v)) {
			buf = append(strconv.AppendQuote(buf, key), ':')
			buf = append(canonical(buf, v[key]), ',')
		}
		return append(buf, '}')
	}
	text, err := json.Marshal(v)
	if err != nil {
		return strconv.AppendQuote(buf, err.Error())
	}
	if _, ok := v.(float64); ok {
		return append(buf, number(string(text))...)
	}
	plain, err := storage.ParseValue(text)
	if err != nil {
		return append(buf, text...)
	}
	return canonical(buf, plain)
}

// number writes a number of JSON as an integer without trailing zeros, times a power of ten.
func number(text string) string {
	digits, negative := strings.CutPrefix(text, "-")
	exponent := 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		e, err := strconv.Atoi(digits[i+1:])
		if err != nil || e > 1<<40 || e < -(1<<40) {
			return text
		}
		digits, exponent = digits[:i], e
	}
	if whole, part, ok := strings.Cut(digits, "."); ok {
		digits, exponent = whole+part, exponent-len(part)
	}
	short := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(short)
	short = strings.TrimLeft(short, "0")
	if short == "" {
		return "0e0"
	}
	if negative {
		short = "-" + short
	}
	return short + "e" + strconv.Itoa(exponent)
}
