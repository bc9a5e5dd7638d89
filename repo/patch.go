package repo

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// errNoChange is what a patch of nothing leads to.
var errNoChange = errors.New("a patch needs at least one change")

// preparePatch encodes the changes to a record.
func (c *core) preparePatch(id string, err error, changes []change) (*prepared, error) {
	p, err := c.prepareKey("Patch", id, err)
	if err != nil {
		return nil, err
	}
	if err := p.changes(c.info, changes); err != nil {
		return nil, c.info.recordError("Patch", p.id, err)
	}
	return p, nil
}

func (p *prepared) changes(info *entityInfo, changes []change) error {
	if len(changes) == 0 {
		return errNoChange
	}
	var err error
	if p.created, p.existing, err = info.expiryArgs(writeOptions{}, time.Time{}); err != nil {
		return err
	}
	row := newRow(info)
	p.row = row
	for _, c := range changes {
		if row.changed(c.field) {
			return info.fieldError(c.field, errTwice)
		}
		if c.op != clearField {
			row.at = c.field
			if c.put(row); row.err != nil {
				return row.err
			}
			if info.fields[c.field].OmitEmpty && c.isZero(row) {
				row.cells[c.field] = cell{}
			}
		}
		row.mark(c.field)
	}
	text := row.text()
	for _, c := range changes {
		f, at := info.fields[c.field], row.cells[c.field]
		value, set := text[at.from:at.to], at.from > 0
		switch {
		case c.field == info.expiry && set:
			p.existing = expireAt(row.expiry())
		case c.field == info.expiry:
			p.existing = "0"
		case c.op == addToField && f.Kind == KindFloat && !finite(value):
			return info.fieldError(c.field, ErrNaN)
		case c.op == addToField:
			p.adds = append(p.adds, f.addition(value))
		case set:
			p.sets = append(p.sets, f.Name, value)
		default: // cleared, or set to what is stored as nothing
			p.clears = append(p.clears, f.Name)
		}
		if f.Fold || f.Geo {
			p.fold(row, c.field, opPatch)
		}
	}
	p.keep(info, nil, false)
	return nil
}

// isZero tells whether the row has got the zero value from a change that sets
// the field, or an empty slice or map.
func (c *change) isZero(row *Row) bool {
	if c.op != setField {
		return false
	}
	value, ok := row.value(c.field)
	return !ok || row.info.isZero(c.field, value, c.zero)
}

// isZero tells whether a stored value of a field is that of the zero value, which
// zero writes, or of an empty slice or map.
func (info *entityInfo) isZero(field int, value string, zero func(*Row)) bool {
	row := newRow(info)
	row.at = field
	if zero(row); row.err != nil {
		return false // an enum may have no zero value
	}
	switch none, ok := row.value(field); {
	case !ok:
		return value == "" || value == "[]" || value == "{}"
	case info.fields[field].Kind == KindFloat:
		return value == none || value == "-"+none
	default:
		return value == none
	}
}

// finite tells whether a float as stored is a number that can be added.
func finite(value string) bool {
	f, err := strconv.ParseFloat(value, 64)
	return err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// errTwice: the changes of a patch have no order.
var errTwice = errors.New("changed twice in one patch")

// changed tells whether a change to the field was marked.
func (r *Row) changed(field int) bool { return r.marks != nil && r.marks[field] }

// mark remembers that there is a change to the field.
func (r *Row) mark(field int) {
	if r.marks == nil {
		r.marks = make([]bool, len(r.cells))
	}
	r.marks[field] = true
}

// addition returns the addition of an amount to a field, with the bounds of
// what the field can hold.
func (f FieldInfo) addition(amount string) addition {
	a := addition{name: f.Name, kind: "int", amount: amount}
	bits := f.Bits
	if bits == 0 {
		bits = strconv.IntSize
	}
	switch {
	case f.Kind == KindFloat && bits == 32:
		a.kind = "float"
		a.high = strconv.FormatFloat(math.MaxFloat32, 'g', -1, 64)
		a.low = "-" + a.high
	case f.Kind == KindFloat:
		a.kind = "float"
		a.high = strconv.FormatFloat(math.MaxFloat64, 'g', -1, 64)
		a.low = "-" + a.high
	case f.Scored && bits == 64:
		a.high = strconv.Itoa(exactScore)
		a.low = "-" + a.high
		if f.Kind == KindUint {
			a.low = "0"
		}
	case f.Kind == KindUint:
		a.low, a.high = "0", strconv.FormatUint(math.MaxUint64>>(64-bits), 10)
	default:
		a.low = strconv.FormatInt(math.MinInt64>>(64-bits), 10)
		a.high = strconv.FormatInt(math.MaxInt64>>(64-bits), 10)
	}
	return a
}
