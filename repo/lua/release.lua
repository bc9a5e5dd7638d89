-- Releases claims in the shard of their values, unless they were made anew.
--
-- KEYS[1]  a key of the shard
-- ARGV[1]  the keyspace
-- then for each claim: the index, the value, the claim
--
-- Returns for each how many were released.

local reply = {}
for i = 2, #ARGV, 3 do
  local index = base .. 'u:' .. ARGV[i]
  local same = call('HGET', index, ARGV[i + 1]) == ARGV[i + 2]
  reply[#reply + 1] = same and call('HDEL', index, ARGV[i + 1]) or 0
end
return reply
