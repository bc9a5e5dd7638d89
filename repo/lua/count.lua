-- Counts the records between two bounds of an index.
--
-- KEYS[1]  the index
-- ARGV[1]  the keyspace
-- ARGV[2]  score or lex
-- ARGV[3]  the lower bound, ARGV[4] the upper one, as ZCOUNT and ZLEXCOUNT
--   take them
-- ARGV[5]  how many expired ids to release first, at most; "" if records do
--   not expire
--
-- Returns the number; -1 if more ids are due than could be released.

if ARGV[5] ~= '' and clear(tonumber(ARGV[5])) == tonumber(ARGV[5]) then
  return -1
end
return call(ARGV[2] == 'lex' and 'ZLEXCOUNT' or 'ZCOUNT', KEYS[1], ARGV[3], ARGV[4])
