-- Notes that claims were released.
--
-- KEYS[1]  a key of the shard
-- ARGV[1]  the keyspace
-- then for each: the claim, and its stamp
--
-- Returns for each how many were noted.

local reply = {}
for i = 2, #ARGV, 2 do
  local stamp = call('ZSCORE', base .. 'q', ARGV[i])
  local same = stamp and stamp + 0 == ARGV[i + 1] + 0
  reply[#reply + 1] = same and call('ZREM', base .. 'q', ARGV[i]) or 0
end
return reply
