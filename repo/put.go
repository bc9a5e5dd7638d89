package repo

import (
	"encoding"
	"time"
)

// PutString writes a value of a string type.
func PutString[V ~string](row *Row, v V) { row.String(string(v)) }

// PutBool writes a value of a bool type.
func PutBool[V ~bool](row *Row, v V) { row.Bool(bool(v)) }

// PutInt writes a value of a signed integer type.
func PutInt[V ~int | ~int8 | ~int16 | ~int32 | ~int64](row *Row, v V) { row.Int(int64(v)) }

// PutUint writes a value of an unsigned integer type.
func PutUint[V ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](row *Row, v V) { row.Uint(uint64(v)) }

// PutFloat writes a value of a floating-point type.
func PutFloat[V ~float32 | ~float64](row *Row, v V) {
	row.Float(float64(v), row.info.fields[row.at].Bits)
}

// PutBytes writes a value of a byte slice type.
func PutBytes[V ~[]byte](row *Row, v V) { row.Bytes(v) }

// PutTime writes a time.
func PutTime(row *Row, v time.Time) { row.Time(v) }

// PutText writes a value that marshals itself as text.
func PutText[V any, P interface {
	*V
	encoding.TextMarshaler
}](row *Row, v V) {
	row.Text(P(&v))
}

// PutBinary writes a value that marshals itself as bytes.
func PutBinary[V any, P interface {
	*V
	encoding.BinaryMarshaler
}](row *Row, v V) {
	row.Binary(P(&v))
}

// PutJSON writes any value as JSON.
func PutJSON[V any](row *Row, v V) { row.JSON(&v) }

// IsZero tells whether v is the zero value of its type.
func IsZero[V comparable](v V) bool {
	var zero V
	return v == zero
}
