-- Scripts run inside Redis: Lua 5.1 with Redis's own globals and none of io, os or require.
std = {
	read_globals = {
		"ARGV", "KEYS", "bit", "cjson", "cmsgpack", "redis", "struct",
		"assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "select",
		"setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
		math = { fields = { "abs", "ceil", "floor", "fmod", "huge", "log", "max", "min", "modf", "pow", "sqrt" } },
		string = { fields = {
			"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper",
		} },
		table = { fields = { "concat", "insert", "maxn", "remove", "sort" } },
	},
}
max_line_length = 160
