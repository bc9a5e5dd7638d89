package storagetest

// The differences of the backends of redisgen, each held to them by its conformance test.
// The table in docs/storage.md says the same.
var (
	Redis = Differences{Raw: "PING", UniqueValues: true, NaturalKeys: true, Enums: true, Types: true, Instants: true, Expiry: true, Scans: true}

	Memory = Differences{Raw: "PING", UniqueValues: true, NaturalKeys: true, Enums: true, Types: true, Instants: true, Expiry: true, Scans: true, Volatile: true}

	SQLite = Differences{Transactions: true, ReadsOwnWrites: true, Raw: "SELECT 1", TablesStay: true, FoldsTables: true}

	PostgreSQL = Differences{Transactions: true, ReadsOwnWrites: true, Raw: "SELECT 1", UUIDs: true, NoNUL: true, TablesStay: true}

	S3 = Differences{Scans: true}
)
