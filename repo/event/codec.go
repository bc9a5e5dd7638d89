package event

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
)

// Codec turns values into bytes and back; both functions are safe for concurrent use.
// The zero value is [JSON]. For protocol buffers, with package proto:
//
//	event.Codec[*pb.Order]{
//		Encode: func(o *pb.Order) ([]byte, error) { return proto.Marshal(o) },
//		Decode: func(data []byte) (*pb.Order, error) {
//			o := new(pb.Order)
//			return o, proto.Unmarshal(data, o)
//		},
//	}
type Codec[T any] struct {
	Encode func(T) ([]byte, error)
	Decode func([]byte) (T, error) // may keep the bytes
}

// orJSON returns c, with those of JSON for functions that it lacks.
func (c Codec[T]) orJSON() Codec[T] {
	if c.Encode == nil {
		c.Encode = JSON[T]().Encode
	}
	if c.Decode == nil {
		c.Decode = JSON[T]().Decode
	}
	return c
}

// JSON returns the codec of encoding/json.
func JSON[T any]() Codec[T] {
	return Codec[T]{
		Encode: func(v T) ([]byte, error) { return json.Marshal(v) },
		Decode: func(data []byte) (v T, err error) { return v, json.Unmarshal(data, &v) },
	}
}

// Bytes returns the codec of strings and byte slices as they are.
func Bytes[T ~[]byte | ~string]() Codec[T] {
	return Codec[T]{
		Encode: func(v T) ([]byte, error) { return []byte(v), nil },
		Decode: func(data []byte) (T, error) { return T(data), nil },
	}
}

// Binary returns the codec of a type that marshals itself: Binary[url.URL]().
func Binary[T any, P interface {
	*T
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}]() Codec[T] {
	return Codec[T]{
		Encode: func(v T) ([]byte, error) { return P(&v).MarshalBinary() },
		Decode: func(data []byte) (v T, err error) { return v, P(&v).UnmarshalBinary(data) },
	}
}

// Errors of values that are of no case of a [Union].
var (
	// ErrCase: the union has no case for the type, or for the name that was stored.
	ErrCase = errors.New("the union has no such case")
	errForm = errors.New(`not of the form {"case": value}`)
)

// Case is one of the types that a value of E can have; see [NewCase].
type Case[E any] struct {
	name   string
	encode func(E) (data []byte, is bool, err error)
	decode func([]byte) (E, error)
}

// NewCase names a type, for [Union]. as is the conversion, which the compiler checks:
//
//	event.NewCase("placed", func(e Placed) OrderEvent { return e })
//
// The name is what is stored: a type may be renamed, a name stays.
func NewCase[V, E any](name string, as func(V) E) Case[E] {
	return Case[E]{
		name: name,
		encode: func(e E) ([]byte, bool, error) {
			v, is := any(e).(V)
			if !is {
				return nil, false, nil
			}
			data, err := json.Marshal(v)
			return data, true, err
		},
		decode: func(data []byte) (e E, err error) {
			var v V
			if err := json.Unmarshal(data, &v); err != nil {
				return e, err
			}
			return as(v), nil
		},
	}
}

// Union returns the codec of an interface type whose values have one of several types:
// JSON, {"placed":{…}}. What is of none of them is [ErrCase]. A type that several cases
// have is written by the first: the others read what it was called before.
func Union[E any](cases ...Case[E]) Codec[E] {
	byName := make(map[string]Case[E], len(cases))
	for _, c := range cases {
		byName[c.name] = c
	}
	return Codec[E]{
		Encode: func(e E) ([]byte, error) {
			for _, c := range cases {
				if data, is, err := c.encode(e); is {
					return wrap(c.name, data, err)
				}
			}
			return nil, fmt.Errorf("%w: type %T", ErrCase, e)
		},
		Decode: func(data []byte) (e E, err error) {
			name, value, err := unwrap(data)
			if err != nil {
				return e, err
			}
			c, ok := byName[name]
			if !ok {
				return e, fmt.Errorf("%w: %q", ErrCase, name)
			}
			return c.decode(value)
		},
	}
}

// wrap makes an object of a value and its name.
func wrap(name string, value []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]json.RawMessage{name: value})
}

// unwrap takes it apart.
func unwrap(data []byte) (name string, value []byte, err error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return "", nil, err
	}
	if len(object) != 1 {
		return "", nil, errForm
	}
	for name, value = range object {
	}
	return name, value, nil
}
