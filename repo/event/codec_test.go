package event_test

import (
	"net/url"
	"testing"

	"github.com/redisgen/redisgen/repo/event"
)

func TestCodecs(t *testing.T) {
	wantCodec(t, event.JSON[order](), order{"a", 1}, `{"ID":"a","Cents":1}`)
	wantCodec(t, event.Bytes[string](), "a\x00\xff", "a\x00\xff")
	type name []byte
	wantCodec(t, event.Bytes[name](), name("a\x00\xff"), "a\x00\xff")
	wantCodec(t, event.Binary[url.URL](), url.URL{Scheme: "https", Host: "example.com", Path: "/a"}, "https://example.com/a")
	wantCodec(t, accountEvents, AccountEvent(Deposited{5}), `{"deposited":{"Cents":5}}`)
	wantCodec(t, accountEvents, AccountEvent(Withdrawn{5}), `{"withdrawn":{"Cents":5}}`)
}

func wantCodec[T any](t *testing.T, codec event.Codec[T], v T, want string) {
	t.Helper()
	data, err := codec.Encode(v)
	if string(data) != want || err != nil {
		t.Fatalf("Encode(%v) = %q, %v, want %q", v, data, err, want)
	}
	back, err := codec.Decode(data)
	again, err2 := codec.Encode(back)
	if err != nil || err2 != nil || string(again) != want {
		t.Fatalf("Decode(%q) = %v, %v", data, back, err)
	}
}

// unknown is of no case.
type unknown struct{ AccountEvent }

func TestUnion(t *testing.T) {
	_, err := accountEvents.Encode(unknown{})
	wantError(t, err, event.ErrCase)
	_, err = accountEvents.Encode(nil)
	wantError(t, err, event.ErrCase)
	_, err = accountEvents.Decode([]byte(`{"closed":{}}`))
	wantError(t, err, event.ErrCase)
	for _, bad := range []string{"", "{}", "[]", `{"deposited":{},"withdrawn":{}}`, `{"deposited":[]}`} {
		if v, err := accountEvents.Decode([]byte(bad)); err == nil {
			t.Errorf("%q is %v", bad, v)
		}
	}
	renamed := event.Union(
		event.NewCase("paid_in", func(e Deposited) AccountEvent { return e }),
		event.NewCase("deposited", func(e Deposited) AccountEvent { return e }),
	)
	wantCodec(t, renamed, AccountEvent(Deposited{5}), `{"paid_in":{"Cents":5}}`)
	if v, err := renamed.Decode([]byte(`{"deposited":{"Cents":5}}`)); v != (Deposited{5}) || err != nil {
		t.Errorf("the name of before: %v, %v", v, err)
	}
}
