// Package storagetest tells whether a [storage.Storage] does what that interface says. Every
// backend of redisgen passes it, and authors of others can call it from a test of their own:
//
//	func TestConformance(t *testing.T) {
//		storagetest.Run(t, storagetest.Backend{Name: "paper", New: newPaper})
//	}
package storagetest

import (
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Backend is what the suite runs on.
type Backend struct {
	// Name is the name of the subtest.
	Name string
	// New returns a storage of its own for each test: empty and initialized. What has to
	// be cleaned up afterwards is for t.Cleanup; the suite may have closed the storage.
	New func(t *testing.T) storage.Storage
	// Bounded is New of a storage that looks at no more than maxScan documents in a
	// scan; nil if it has no such bound.
	Bounded func(t *testing.T, maxScan int) storage.Storage
	// Differences are those from a storage that has no rules of its own.
	Differences Differences
}

// Differences are the points in which storages differ. The suite holds a storage to what is
// said here in both ways: it has to do what is set, and must not do what is not set.
type Differences struct {
	// Transactions: Transaction makes all changes together or none. Else it is
	// errors.ErrUnsupported.
	Transactions bool
	// ReadsOwnWrites: reads within a transaction see what it has written.
	ReadsOwnWrites bool
	// Raw is a query without parameters that ExecuteRaw answers. "": ExecuteRaw is
	// errors.ErrUnsupported.
	Raw string
	// UniqueValues: no two users have one username or one email, and no two roles one
	// name, in any case.
	UniqueValues bool
	// Enums: the role of a message, the status of a flow execution, the type of a tool
	// and that of a metric must be one that there is.
	Enums bool
	// Types: a field of a known table whose value cannot be converted to the type of the
	// field is refused, such as a word for a time.
	Types bool
	// Instants: times of known tables are compared as points in time, in whatever form
	// they are written. Else as texts.
	Instants bool
	// UUIDs: ids are UUIDs, but for those of sessions and user_roles.
	UUIDs bool
	// NoNUL: texts cannot have the character U+0000.
	NoNUL bool
	// NaturalKeys: there is one session with a session_id, and one link of a user_id and a
	// role_id, also under another id. These fields do not change, and a link has both.
	NaturalKeys bool
	// Expiry: sessions are gone when their expires_at has come, and none is inserted with
	// one that is past.
	Expiry bool
	// Scans: a filter or an order that no index answers is ErrScan in a table with more
	// documents than the storage is allowed to look at.
	Scans bool
	// TablesStay: a table that came to be with its first document is there when its last
	// one has gone.
	TablesStay bool
	// FoldsTables: names of tables that differ in case alone are of one table.
	FoldsTables bool
	// Volatile: Close ends the documents too.
	Volatile bool
}

// Run runs the suite as subtests of t.
func Run(t *testing.T, b Backend) {
	if b.Differences.Scans != (b.Bounded != nil) {
		t.Fatal("Differences.Scans and Bounded go together")
	}
	t.Run(b.Name, func(t *testing.T) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				test.run(&run{T: t, b: b, d: b.Differences, s: b.New(t)})
			})
		}
	})
}

// tests are the whole suite.
var tests = []struct {
	name string
	run  func(*run)
}{
	{"insert", insertDocuments},
	{"ids", ids},
	{"odd ids", oddIDs},
	{"times", times},
	{"values", values},
	{"not valid", notValid},
	{"duplicates", duplicates},
	{"update", update},
	{"delete", deleteDocuments},
	{"large", large},
	{"bulk", bulk},
	{"filters", filters},
	{"filters of fields", filterFields},
	{"filters of known tables", filterKnown},
	{"random filters", randomFilters},
	{"filters not valid", badFilters},
	{"order", order},
	{"pages", pages},
	{"many", many},
	{"scans", scans},
	{"tables", tables},
	{"tables without documents", emptyTables},
	{"names of tables", tableNames},
	{"unknown tables", unknownTables},
	{"known tables", knownTables},
	{"known tables, changed", knownChanges},
	{"sessions", sessions},
	{"user roles", userRoles},
	{"unique values", uniqueValues},
	{"natural keys", naturalKeys},
	{"enums and types", enumsAndTypes},
	{"instants", instants},
	{"expiry", expiry},
	{"errors", errorsNameAll},
	{"canceled", canceled},
	{"closed", closed},
	{"health", health},
	{"raw", raw},
	{"transactions", transactions},
	{"export", export},
	{"import", importRecords},
	{"import of what is there", importExisting},
	{"import of known tables", importKnown},
	{"export and import", roundTrip},
	{"parallel", parallel},
	{"parallel inserts", parallelInserts},
}
