package names_test

import (
	"go/token"
	"slices"
	"testing"

	"github.com/redisgen/redisgen/internal/names"
)

func TestIdentifiers(t *testing.T) {
	tests := []struct{ name, exported, unexported, snake, prose string }{
		{"users", "Users", "users", "users", "users"},
		{"audit_logs", "AuditLogs", "auditLogs", "audit_logs", "audit logs"},
		{"AuditLog", "AuditLog", "auditLog", "audit_log", "audit log"},
		{"created_at", "CreatedAt", "createdAt", "created_at", "created at"},
		{"ID", "ID", "id", "id", "ID"},
		{"user_id", "UserID", "userID", "user_id", "user ID"},
		{"UserID", "UserID", "userID", "user_id", "user ID"},
		{"UserId", "UserId", "userId", "user_id", "user id"},
		{"user_ids", "UserIDs", "userIDs", "user_ids", "user IDs"},
		{"UserIDs", "UserIDs", "userIDs", "user_ids", "user IDs"},
		{"UserIDsSeen", "UserIDsSeen", "userIDsSeen", "user_ids_seen", "user IDs seen"},
		{"IDSource", "IDSource", "idSource", "id_source", "ID source"},
		{"HTTPLog", "HTTPLog", "httpLog", "http_log", "HTTP log"},
		{"http_url", "HTTPURL", "httpURL", "http_url", "HTTP URL"},
		{"json", "JSON", "json", "json", "JSON"},
		{"api_keys", "APIKeys", "apiKeys", "api_keys", "API keys"},
		{"apis", "APIs", "apis", "apis", "APIs"},
		{"https", "HTTPS", "https", "https", "HTTPS"},
		{"uuid", "UUID", "uuid", "uuid", "UUID"},
		{"oauth2_tokens", "Oauth2Tokens", "oauth2Tokens", "oauth2_tokens", "oauth2 tokens"},
		{"Line2", "Line2", "line2", "line2", "line2"},
		{"name.full-text", "NameFullText", "nameFullText", "name_full_text", "name full text"},
		{"_private", "Private", "private", "private", "private"},
		{"über_mut", "ÜberMut", "überMut", "über_mut", "über mut"},
		{"a_2b", "A2b", "a2b", "a_2b", "a 2b"},
		{"2fa", "X2fa", "x2fa", "2fa", "2fa"},
		{"世界", "X世界", "世界", "世界", "世界"},
		{"_", "X", "x", "x", ""},
	}
	for _, test := range tests {
		if got := names.Exported(test.name); got != test.exported {
			t.Errorf("Exported(%q) = %q, want %q", test.name, got, test.exported)
		}
		if got := names.Unexported(test.name); got != test.unexported {
			t.Errorf("Unexported(%q) = %q, want %q", test.name, got, test.unexported)
		}
		if got := names.Snake(test.name); got != test.snake {
			t.Errorf("Snake(%q) = %q, want %q", test.name, got, test.snake)
		}
		if got := names.Prose(test.name); got != test.prose {
			t.Errorf("Prose(%q) = %q, want %q", test.name, got, test.prose)
		}
	}
}

func TestWords(t *testing.T) {
	tests := []struct {
		name string
		want []string
	}{
		{"", nil},
		{"__", nil},
		{"A", []string{"A"}},
		{"aB", []string{"a", "B"}},
		{"ABc", []string{"A", "Bc"}},
		{"user_ID_list", []string{"user", "ID", "list"}},
		{"URLs", []string{"URLs"}},
		{"UserIsAdmin", []string{"User", "Is", "Admin"}},
	}
	for _, test := range tests {
		if got := names.Words(test.name); !slices.Equal(got, test.want) {
			t.Errorf("Words(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

func TestReceiver(t *testing.T) {
	for name, want := range map[string]string{"User": "u", "auditLog": "a", "_Odd": "o", "Über": "ü", "_1": "x"} {
		if got := names.Receiver(name); got != want {
			t.Errorf("Receiver(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestScopePick(t *testing.T) {
	pkg := names.NewScope("User", "Users")
	tests := []struct {
		candidates []string
		want       string
	}{
		{[]string{"Users", "UsersRepository"}, "UsersRepository"},
		{[]string{"Users", "UsersRepository"}, "Users2"},
		{[]string{"Users", "UsersRepository"}, "Users3"},
		{[]string{"type", "typeValue"}, "typeValue"},
		{[]string{"len"}, "len2"},
		{[]string{"init"}, "init2"},
		{[]string{"ctx"}, "ctx"},
	}
	for _, test := range tests {
		if got := pkg.Pick(test.candidates...); got != test.want {
			t.Errorf("Pick(%q) = %q, want %q", test.candidates, got, test.want)
		}
	}
}

func TestScopeInner(t *testing.T) {
	pkg := names.NewScope("users")
	one, two := pkg.Inner("ctx"), pkg.Inner("ctx")
	for _, scope := range []*names.Scope{one, two} {
		if got := scope.Pick("email"); got != "email" {
			t.Errorf("Pick in a scope of its own = %q, want email", got)
		}
		if got := scope.Pick("users", "usersValue"); got != "usersValue" {
			t.Errorf("Pick of a name of the enclosing scope = %q, want usersValue", got)
		}
	}
	if !pkg.Free("email", "ctx") {
		t.Error("a name declared in an inner scope is taken in the outer one")
	}
	if one.Free("row", "email") {
		t.Error("Free reports names free of which one is taken")
	}
}

func FuzzIdentifiers(f *testing.F) {
	for _, seed := range []string{"users", "UserIDs", "_", "2fa", "世界", "a.b-c", "IDs", "ϔ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got := names.Exported(name); !token.IsIdentifier(got) || !token.IsExported(got) {
			t.Errorf("Exported(%q) = %q is no exported identifier", name, got)
		}
		got := names.NewScope().Pick(names.Unexported(name))
		if !token.IsIdentifier(got) || token.IsExported(got) {
			t.Errorf("Unexported(%q) = %q is no unexported identifier", name, got)
		}
	})
}
