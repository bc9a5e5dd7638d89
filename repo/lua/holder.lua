-- Finds out whether records have the values that they claim in other shards.
--
-- KEYS[1]  a key of the shard
-- ARGV[1]  the keyspace
-- then for each claim: the index, the value, the id, the stamp, 1 to withdraw the
--   claim if the record does not have the value, how many fields the index has, and
--   for each the name of the field without case and of the field
--
-- Returns for each claim: held, free: the record does not have the value and will
-- not get it by this claim, or open: it does not have it yet.

local reply, at = {}, 2
while at <= #ARGV do
  local index, value, id, stamp, force = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local n = tonumber(ARGV[at + 5])
  local values = call('HMGET', base .. 'r:' .. id, unpack(ARGV, at + 6, at + 5 + 2 * n))
  at = at + 6 + 2 * n
  local has = ''
  for i = 1, n do
    local part = values[2 * i - 1] or values[2 * i]
    has = has and part and (i < n and has .. #part .. ':' .. part or has .. part)
  end
  local state = 'open'
  if has == value then
    state = 'held'
    local kept = force == '1' and call('HGET', base .. 'r:' .. id, '^' .. index)
    if kept and kept + 0 < stamp + 0 then -- the claim was made anew
      call('HSET', base .. 'r:' .. id, '^' .. index, stamp)
    end
  elseif withdrawn(index, value, id, stamp) then
    state = 'free'
  elseif force == '1' then
    withdraw(index, value, id, stamp)
    state = 'free'
  end
  reply[#reply + 1] = state
end
return reply
