-- Releases what expired records have left, some at a time.
--
-- KEYS[1]  the ledger: <prefix>{<entity>}:x
-- ARGV[1]  the keyspace
-- ARGV[2]  how many ids at most
--
-- Returns how many ids were due, and in how many ms the next one is; -1 if
-- there is none.

local due = clear(tonumber(ARGV[2]))
local next = call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { due, next[2] and math.max(0, next[2] - floor(now() / 1000)) or -1 }
