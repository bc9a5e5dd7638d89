-- Counts the entries of parts of indexes that have none in common.
--
-- KEYS[1]  a key of the entity, for a cluster to know where it is
-- ARGV[1]  the keyspace
-- ARGV[2]  how many expired ids to release first, at most; "" if records do
--   not expire
-- then for each part: the index, score or lex, and the bounds as ZCOUNT and
--   ZLEXCOUNT take them
--
-- Returns the number; -1 if more ids are due than could be released.

if ARGV[2] ~= '' and clear(tonumber(ARGV[2])) == tonumber(ARGV[2]) then
  return -1
end
local n = 0
for i = 3, #ARGV, 4 do
  n = n + size({ key = base .. ARGV[i], by = ARGV[i + 1], low = ARGV[i + 2], high = ARGV[i + 3] })
end
return n
