package keys

import (
	"hash/maphash"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// TestParse checks that random keys come back from their ids.
func TestParse(t *testing.T) {
	seed := maphash.String(maphash.MakeSeed(), "")
	r := rand.New(rand.NewPCG(seed, 0))
	text := func() string {
		b := make([]byte, r.IntN(4))
		for i := range b {
			b[i] = ":01{\x00\xff"[r.IntN(6)]
		}
		return string(b)
	}
	for range 1000 {
		var addr netip.Addr
		switch r.IntN(3) {
		case 1:
			addr = netip.AddrFrom4([4]byte{byte(r.Uint32())})
		case 2:
			addr = netip.AddrFrom16([16]byte{byte(r.Uint32())}).WithZone(text())
		}
		lease := LeaseKey{AccountID(text()), Serial(r.Uint32()), int64(r.Uint64()), int(r.Int64()), addr}
		check(t, lease, leaseEntity.ID, leaseEntity.Parse)
		check(t, MembershipKey{text(), text()}, membershipEntity.ID, membershipEntity.Parse)
		check(t, AccountID(text()), accountEntity.ID, accountEntity.Parse)
		check(t, lease.Serial, deviceEntity.ID, deviceEntity.Parse)
		check(t, addr, hostEntity.ID, hostEntity.Parse)
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

func check[K comparable](t *testing.T, key K, id func(K) (string, error), parse func(string) (K, error)) {
	t.Helper()
	text, err := id(key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parse(text); err != nil || got != key {
		t.Errorf("the id of %#v is %q, which is that of %#v, %v", key, text, got, err)
	}
}
