-- Claims values that are unique across shards, in the shard of the values.
--
-- KEYS[1]  a key of the shard
-- ARGV[1]  the keyspace
-- then for each value: the index, the value, the id that claims it, the claim that it
--   may take over, "" if none, and a stamp that is known to be withdrawn, 0 if none
--
-- A claim is <stamp>:<id> in the hash of the index. The stamp is the time in µs,
-- and later than that of the claim before it and than one that is withdrawn.
--
-- Returns for each value the stamp; or, if it is another id's, that claim and how
-- old it is in µs.

local reply = {}
for i = 2, #ARGV, 5 do
  local index, value, id, over = base .. 'u:' .. ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local claim = call('HGET', index, value)
  local stamp, owner = string.match(claim or '0:', '^(%d+):(.*)$')
  if claim and owner ~= id and claim ~= over then
    reply[#reply + 1] = { claim, format('%.0f', now() - stamp) }
  else
    local at = format('%.0f', math.max(now(), stamp + 1, ARGV[i + 4] + 1))
    call('HSET', index, value, at .. ':' .. id)
    reply[#reply + 1] = { at }
  end
end
return reply
