-- Scripts run inside Redis: Lua 5.1 with Redis's own globals and none of io, os or require.
std = {
	globals = { "ARGV", "KEYS" },
	read_globals = {
		"bit", "cjson", "cmsgpack", "redis", "struct",
		"assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawset", "select",
		"setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
		math = { fields = { "abs", "asin", "atan2", "ceil", "cos", "floor", "fmod", "huge", "log", "max", "min", "modf", "pi", "pow", "sin", "sqrt" } },
		string = { fields = {
			"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper",
		} },
		table = { fields = { "concat", "insert", "maxn", "remove", "sort" } },
	},
}
max_line_length = 160
-- What differs by entity is generated into functions of one form, used or not, on lines as long as a condition needs.
files["**/*_redis.lua"] = { unused_args = false, max_line_length = false }
