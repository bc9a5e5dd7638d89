package integrity

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redisgen/redisgen/schema"
)

// entry is one that a record has in an index: a member of a sorted set, a value in the hash of a unique index, or a
// claim in another shard, "^<index>" and "<stamp>:<value>".
type entry struct {
	key, member string
	score       float64
}

func (e entry) unique() bool { return strings.HasPrefix(e.key, "u:") }

func (e entry) global() bool { return strings.HasPrefix(e.key, "^") }

// imply returns the entries that a record has, and an error if the record itself is not as it should be.
func imply(p *schema.Package, e *schema.Entity, id string, fields map[string]string) ([]entry, error) {
	if err := checkFields(p, e, id, fields); err != nil {
		return nil, err
	}
	var entries []entry
	for _, ix := range e.Indexes {
		some, err := implyIndex(e, ix, id, fields)
		if err != nil {
			return nil, fmt.Errorf("index %s: %w", ix.Name, err)
		}
		if p.Global(e, ix) {
			some, err = implyClaim(ix, some, fields)
			if err != nil {
				return nil, err
			}
		}
		entries = append(entries, some...)
	}
	if _, ok := e.Listing(); !ok {
		entries = append(entries, entry{key: "a", member: id})
	}
	return entries, nil
}

// implyClaim returns what stands for the entry of a unique index across shards, if there is one.
func implyClaim(ix *schema.Index, entries []entry, fields map[string]string) ([]entry, error) {
	stamp, stamped := fields["^"+ix.Name]
	if stamped != (len(entries) > 0) {
		return nil, fmt.Errorf("has %d values of %s, and the stamp of a claim: %t", len(entries), ix.Name, stamped)
	}
	if !stamped {
		return nil, nil
	}
	return []entry{{key: "^" + ix.Name, member: stamp + ":" + entries[0].member}}, nil
}

// checkFields checks the names of a record's fields, its key, and the values kept without case.
func checkFields(p *schema.Package, e *schema.Entity, id string, fields map[string]string) error {
	var key []string
	for _, f := range e.Keys() {
		key = append(key, fields[f.Name])
	}
	if join(key) != id {
		return fmt.Errorf("the key fields are %q", key)
	}
	for name := range fields {
		f := e.Field(strings.TrimPrefix(name, "~"))
		switch {
		case name == "~" && e.Retry: // the token of the last write
		case isStamp(p, e, name):
		case f == nil || name != f.Name && !f.Fold && !f.Geo:
			return fmt.Errorf("has a field %q", name)
		}
	}
	for _, f := range e.Fields {
		if f.Geo {
			if err := checkPoint(f, fields); err != nil {
				return err
			}
		}
		if !f.Fold {
			continue
		}
		value, ok := fields[f.Name]
		kept, differs := fields["~"+f.Name]
		if !ok && differs {
			return fmt.Errorf("has ~%s without %s", f.Name, f.Name)
		}
		if !differs {
			kept = value
		}
		if f.Type.Kind == schema.String && kept != Fold(value) {
			return fmt.Errorf("%s is %q without case, not %q", f.Name, Fold(value), kept)
		}
		if f.Type.Kind == schema.JSON && ok {
			want, err := elements(f, value)
			if err != nil {
				return err
			}
			got, err := elements(f, kept)
			if err != nil {
				return err
			}
			if !slices.Equal(want, got) {
				return fmt.Errorf("%s is %q without case, not %q", f.Name, want, got)
			}
		}
	}
	return nil
}

// isStamp tells whether a field keeps the stamp of a claim in another shard.
func isStamp(p *schema.Package, e *schema.Entity, name string) bool {
	return slices.ContainsFunc(e.Indexes, func(ix *schema.Index) bool { return "^"+ix.Name == name && p.Global(e, ix) })
}

// checkPoint checks the score that is kept beside a point.
func checkPoint(f *schema.Field, fields map[string]string) error {
	value, ok := fields[f.Name]
	kept, scored := fields["~"+f.Name]
	if !ok && !scored {
		return nil
	}
	score, err := geoScore(value)
	if err != nil || kept != strconv.FormatFloat(score, 'f', 0, 64) {
		return fmt.Errorf("the score of %s, %q, is %.0f and not %q, %v", f.Name, value, score, kept, err)
	}
	return nil
}

func implyIndex(e *schema.Entity, ix *schema.Index, id string, fields map[string]string) ([]entry, error) {
	var values []string
	for _, name := range ix.Fields {
		value, ok := fields[name]
		if !ok {
			return nil, nil
		}
		if f := e.Field(name); f.Fold && f.Type.Kind == schema.String {
			value = Fold(value)
		}
		values = append(values, value)
	}
	first := e.Field(ix.Fields[0])
	switch ix.Kind {
	case schema.Unique:
		return []entry{{key: "u:" + ix.Name, member: join(values)}}, nil
	case schema.Geo:
		score, err := geoScore(values[0])
		return []entry{{"g:" + ix.Name, id, score}}, err
	case schema.Score:
		score, err := scoreOf(first, values[0])
		return []entry{{"s:" + ix.Name, id, score}}, err
	case schema.Lex:
		return []entry{{key: "l:" + ix.Name, member: sortable(first, values[0]) + "\x00" + id}}, nil
	}
	score := 0.0
	if ix.Order != "" {
		score = absent
		if value, ok := fields[ix.Order]; ok {
			var err error
			if score, err = scoreOf(e.Field(ix.Order), value); err != nil {
				return nil, err
			}
		}
	}
	if first.Type.Elem == nil {
		return []entry{{"i:" + ix.Name + ":" + join(values), id, score}}, nil
	}
	list, err := elements(first, values[0])
	if err != nil {
		return nil, err
	}
	slices.Sort(list)
	var entries []entry
	for _, element := range slices.Compact(list) {
		entries = append(entries, entry{"i:" + ix.Name + ":" + element, id, score})
	}
	return entries, nil
}

// join makes one string of values: each but the last is preceded by its length and a colon.
func join(values []string) string {
	text := ""
	for _, v := range values[:len(values)-1] {
		text += strconv.Itoa(len(v)) + ":" + v
	}
	return text + values[len(values)-1]
}

// scoreOf returns the score of a stored value: the number, or µs since 1970.
func scoreOf(f *schema.Field, value string) (float64, error) {
	if f.Type.Kind != schema.Time {
		return strconv.ParseFloat(value, 64)
	}
	t, err := time.Parse("2006-01-02T15:04:05.000000Z", value)
	return float64(t.UnixMicro()), err
}

// formatMillis returns a time in ms as a record stores it.
func formatMillis(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// sortable returns the value part of a lex entry: text with its NULs escaped; of an integer its sign, 0 or 1, and 20
// digits, of a negative one their complement.
func sortable(f *schema.Field, value string) string {
	switch f.Type.Kind {
	case schema.Int, schema.Uint, schema.Duration:
	default:
		return strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02").Replace(value)
	}
	n, ok := new(big.Int).SetString(value, 10)
	if !ok {
		return value
	}
	if n.Sign() < 0 {
		most := new(big.Int).Sub(new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil), big.NewInt(1))
		return fmt.Sprintf("0%020s", n.Add(n, most))
	}
	return fmt.Sprintf("1%020s", n)
}

// elements returns the elements of a stored slice as an index has them.
func elements(f *schema.Field, value string) ([]string, error) {
	var list []any
	d := json.NewDecoder(strings.NewReader(value))
	d.UseNumber()
	if err := d.Decode(&list); err != nil {
		return nil, err
	}
	var texts []string
	for _, v := range list {
		switch v := v.(type) {
		case string:
			if f.Fold {
				v = Fold(v)
			}
			texts = append(texts, v)
		case json.Number:
			texts = append(texts, v.String())
		default:
			return nil, fmt.Errorf("%s has an element %v", f.Name, v)
		}
	}
	return texts, nil
}

// Fold returns s with every letter replaced by the one that stands for all that differ from it by case alone: the
// lower case of the least of them where that is one of them, else the least. What is not UTF-8 stays.
func Fold(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			b.WriteByte(s[0])
		} else {
			b.WriteRune(representative(r))
		}
		s = s[n:]
	}
	return b.String()
}

func representative(r rune) rune {
	same := []rune{r}
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		same = append(same, next)
	}
	least := slices.Min(same)
	if lower := unicode.ToLower(least); slices.Contains(same, lower) {
		return lower
	}
	return least
}
