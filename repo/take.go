package repo

import (
	"encoding"
	"time"
)

// The functions below read what those of put.go write. They return the zero
// value of an absent field.

// GetString reads a value of a string type.
func GetString[V ~string](r *Reader) V { return V(r.String()) }

// GetBool reads a value of a bool type.
func GetBool[V ~bool](r *Reader) V { return V(r.Bool()) }

// GetInt reads a value of a signed integer type. One that V cannot hold is
// [ErrRange].
func GetInt[V ~int | ~int8 | ~int16 | ~int32 | ~int64](r *Reader) V {
	n := r.Int(64)
	if int64(V(n)) != n {
		r.fail(ErrRange)
	}
	return V(n)
}

// GetUint reads a value of an unsigned integer type. One that V cannot hold is
// [ErrRange].
func GetUint[V ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](r *Reader) V {
	n := r.Uint(64)
	if uint64(V(n)) != n {
		r.fail(ErrRange)
	}
	return V(n)
}

// GetFloat reads a value of a floating-point type.
func GetFloat[V ~float32 | ~float64](r *Reader) V {
	return V(r.Float(r.info.fields[r.at].Bits))
}

// GetBytes reads a value of a byte slice type.
func GetBytes[V ~[]byte](r *Reader) V { return r.Bytes() }

// GetTime reads a time, in UTC.
func GetTime(r *Reader) time.Time { return r.Time() }

// GetText reads a value that unmarshals itself from text.
func GetText[V any, P interface {
	*V
	encoding.TextUnmarshaler
}](r *Reader) V {
	var v V
	r.Text(P(&v))
	return v
}
