package storage

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

// row is a row of a table in the layout of existing databases.
type row struct {
	table, id, data, created string
	updated                  any // nil: null
}

// existing are rows as they are found in databases that are in use.
var existing = []row{
	// Users: of several versions, with and without zones, null and missing.
	{"users", "8b0c4a52-6c0e-4a2c-9d27-1f8a3b0c5d11", `{"id":"8b0c4a52-6c0e-4a2c-9d27-1f8a3b0c5d11","username":"ann","email":"ann@example.com","password_hash":"$2b$12$abc","is_active":true,"metadata":{"plan":"pro","limits":{"tokens":1e6,"rate":0.1}},"created_at":"2025-07-05T01:10:56.998281","updated_at":null}`, "2025-07-05 01:10:56.998281", nil},
	{"users", "8b0c4a52-6c0e-4a2c-9d27-1f8a3b0c5d12", `{"id":"8b0c4a52-6c0e-4a2c-9d27-1f8a3b0c5d12","username":"Bob Ünïcode ☃","email":null,"is_active":1,"metadata":null,"roles":["admin","viewer"],"api_key":"key-1","theme":{"dark":true,"nothing":null},"created_at":"2025-07-05T01:22:00.315338Z","updated_at":"2025-07-06T00:00:00+02:00"}`, "2025-07-05T01:22:00.315338", "2025-07-05 22:00:00"},
	{"users", "carl", `{"id":"carl","username":"carl","is_active":"false","roles":[],"logins":"17","created_at":"2025-07-05 01:22:01","updated_at":"2025-07-05 01:22:02.5"}`, "2025-07-05 01:22:01", "2025-07-05 01:22:02.500000"},
	{"users", "dora", `{"username":"dora","id":"dora","password_hash":null,"metadata":{},"extra":{"fields":{"a":1}},"a.b":1,"":"empty name"}`, "2025-07-05 01:22:03", nil},
	// Roles: permissions as a list, as text, and wildcards.
	{"roles", "r-1", `{"id":"r-1","name":"Admin","description":null,"permissions":["*:*"],"parent_role":null,"created_at":"2025-07-01T00:00:00","updated_at":null}`, "2025-07-01 00:00:00", nil},
	{"roles", "r-2", `{"id":"r-2","name":"viewer","permissions":"[\"conversations:read\"]","parent_role":"Admin","created_at":"2025-07-01T00:00:00.5","priority":1.50}`, "2025-07-01T00:00:00.500000", "2025-07-02T00:00:00"},
	{"permissions", "p-1", `{"id":"p-1","name":"read","resource":"conversations","action":"read"}`, "2025-07-01 00:00:00", nil},
	{"user_roles", "ur-1", `{"id":"ur-1","user_id":"carl","role_id":"r-2","assigned_at":"2025-07-01T09:00:00","assigned_by":null}`, "2025-07-01 09:00:00", nil},
	{"user_roles", "dora:r-1", `{"user_id":"dora","role_id":"r-1","assigned_at":"2025-07-01 09:00:00"}`, "2025-07-01 09:00:00", nil},
	// Conversations: two versions of the fields.
	{"conversations", "c-1", `{"id":"c-1","user_id":"carl","agent_name":"helper","title":"Trip to Ærø","metadata":{"tags":["a","b"],"n":12345678901234567890},"created_at":"2025-07-05T01:30:00.000001","updated_at":"2025-07-05T01:40:00"}`, "2025-07-05 01:30:00.000001", "2025-07-05 01:40:00"},
	{"conversations", "c-2", `{"id":"c-2","agent_name":"helper","participants":["carl","dora"],"message_count":"2","created_at":"2025-07-05T03:30:00+02:00"}`, "2025-07-05 01:30:00", nil},
	// Messages: tools, no content, an unknown field, the same moment, no conversation.
	{"messages", "m-1", `{"id":"m-1","conversation_id":"c-1","role":"user","content":"hello <b>&\u2028 world","tool_calls":null,"created_at":"2025-07-05T01:30:01","metadata":{}}`, "2025-07-05 01:30:01", nil},
	{"messages", "m-2", `{"id":"m-2","conversation_id":"c-1","role":"assistant","content":null,"tool_calls":[{"id":"t1","function":{"name":"f","arguments":"{\"x\":1.0}"}}],"created_at":"2025-07-05T01:30:01","tokens":{"in":10,"out":0.0}}`, "2025-07-05 01:30:01", nil},
	{"messages", "m-3", `{"id":"m-3","conversation_id":"c-1","role":"tool","content":"","tool_call_id":"t1","name":"f","created_at":"2025-07-05 01:30:02"}`, "2025-07-05T01:30:02", "2025-07-05T01:30:03"},
	{"messages", "m-4", `{"id":"m-4","conversation_id":"gone","role":"system","content":"orphan","created_at":"2025-07-05T01:30:03.123456"}`, "2025-07-05 01:30:03.123456", nil},
	// Executions: numbers as text.
	{"flow_executions", "f-1", `{"id":"f-1","user_id":null,"flow_name":"onboard","status":"success","started_at":"2025-07-05T02:00:00","completed_at":"2025-07-05T02:00:01Z","metadata":{"cost":"0.10"}}`, "2025-07-05 02:00:00", nil},
	{"flow_steps", "s-1", `{"id":"s-1","execution_id":"f-1","step_name":"one","step_type":"agent","status":"success","step_order":"0","input_data":[1,2.50,{"a":null}],"output_data":"text"}`, "2025-07-05 02:00:00", nil},
	{"agent_executions", "a-1", `{"id":"a-1","agent_name":"helper","execution_time_ms":"1500","tool_calls_count":2.0,"status":"done","started_at":"2025-07-05T02:00:00"}`, "2025-07-05 02:00:00", nil},
	{"tool_calls", "t-1", `{"id":"t-1","agent_execution_id":"a-1","tool_name":"search","tool_type":"mcp","arguments":{"q":"x"},"result":{"hits":[]},"execution_time_ms":null,"status":"ok","called_at":"2025-07-05T02:00:00.250"}`, "2025-07-05 02:00:00.250000", nil},
	{"metrics", "k-1", `{"id":"k-1","metric_name":"latency","metric_type":"timer","value":"0.25","labels":{"agent":"helper"},"timestamp":"2025-07-05T02:00:00","source":null}`, "2025-07-05 02:00:00", nil},
	{"metrics", "k-2", `{"id":"k-2","metric_name":"calls","metric_type":"counter","value":3,"labels":{"n":1},"timestamp":"2025-07-05T02:00:00+00:00"}`, "2025-07-05 02:00:00", nil},
	{"events", "e-1", `{"id":"e-1","event_type":"login","event_source":"api","action":"login","status":"ok","details":{},"ip_address":"::1","created_at":"2025-07-05T02:00:00"}`, "2025-07-05 02:00:00", nil},
	// Audit logs: both generations.
	{"audit_logs", "l-1", `{"id":"l-1","user_id":"carl","action":"update","resource_type":"user","resource_id":"dora","old_values":{"is_active":true},"new_values":null,"ip_address":"10.0.0.1","created_at":"2025-07-05T01:00:00"}`, "2025-07-05 01:00:00", nil},
	{"audit_logs", "l-2", `{"id":"l-2","event_type":"auth.login","user_id":null,"resource":"session","action":"login","outcome":"success","level":"info","details":{"tries":"1"},"request_id":"q","session_id":"s","remote_ip":"10.0.0.1","user_agent":"x","timestamp":"2025-07-05T01:00:00.000001+00:00","created_at":"2025-07-05T01:00:00.000002","updated_at":"2025-07-05T01:00:00.000002"}`, "2025-07-05T01:00:00.000002", "2025-07-05T01:00:00.000002"},
	// Sessions, which expire far in the future.
	{"sessions", "tok-1", `{"session_id":"tok-1","user_id":"carl","created_at":"2025-07-05T01:00:00","expires_at":"2099-01-01T00:00:00.123456","last_activity":"2025-07-05T01:00:00","is_active":true,"data":{"cart":[1]}}`, "2025-07-05 01:00:00", nil},
	// A table of the users' own.
	{"workflow_traces", "w-1", `{"id":"w-1","big":123456789012345678901234567890,"tiny":1e-300,"half":0.50,"minus":-0.0,"list":[null,true,[],{}],"at":"2025-07-05 01:00"}`, "2025-07-05 01:00:00", nil},
	{"workflow_traces", "w-2", `{"no":"id","created_at":17}`, "2025-07-05T01:00:00.000009", "2025-07-05 01:00:00.000010"},
}

// emptyTable has no rows.
const emptyTable = "analytics_snapshots"

// existingDatabase writes a database in the layout of existing ones, whose last writes are in
// its -wal file alone, and returns its path.
func existingDatabase(t *testing.T, rows []row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "writer.db")
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(wal)&_pragma=wal_autocheckpoint(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	made := map[string]bool{}
	create := func(table string) {
		exec(`CREATE TABLE ` + table + ` (id TEXT PRIMARY KEY, data TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT)`)
		exec(`CREATE INDEX idx_` + table + `_created_at ON ` + table + ` (created_at)`)
		exec(`CREATE INDEX idx_` + table + `_updated_at ON ` + table + ` (updated_at)`)
		made[table] = true
	}
	create(emptyTable)
	exec("PRAGMA wal_checkpoint(TRUNCATE)")
	exec("BEGIN")
	for _, r := range rows {
		if !made[r.table] {
			create(r.table)
		}
		exec(`INSERT INTO `+r.table+` VALUES (?, ?, ?, ?)`, r.id, r.data, r.created, r.updated)
	}
	exec("COMMIT")

	// The last connection to close would empty the -wal file: take both as they are now.
	copied := filepath.Join(t.TempDir(), "tframex.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil || suffix != "" && len(data) == 0 {
			t.Fatalf("no %s: %v", path+suffix, err)
		}
		if err := os.WriteFile(copied+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

// rowsOf reads a database by plain SQL.
func rowsOf(t *testing.T, path string, tables []string) (rows []row) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range tables {
		found, err := db.Query(`SELECT id, data, created_at, updated_at FROM ` + table + ` ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		for found.Next() {
			r := row{table: table}
			if err := found.Scan(&r.id, &r.data, &r.created, &r.updated); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, r)
		}
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}
