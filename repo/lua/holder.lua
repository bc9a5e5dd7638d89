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

-- renew has the ledger know that a claim was made anew, for when the record expires.
local function renew(id, index, value, stamp)
  local left = footprint(id)
  if left then
    local text = ''
    for i = 1, #left, 2 do
      if left[i] == '^' .. index then
        left[i + 1] = stamp .. ':' .. value
      end
      text = text .. #left[i] .. ':' .. left[i] .. #left[i + 1] .. ':' .. left[i + 1]
    end
    call('HSET', base .. 'm', id, text)
  end
end

local reply, at = {}, 2
while at <= #ARGV do
  local index, value, id, stamp, force = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local n = tonumber(ARGV[at + 5])
  local ok, values = pcall(call, 'HMGET', base .. 'r:' .. id, unpack(ARGV, at + 6, at + 5 + 2 * n))
  values = ok and values or {} -- a key of another type is no record
  at = at + 6 + 2 * n
  local has = ''
  for i = 1, n do
    local part = values[2 * i - 1] or values[2 * i]
    has = has and part and (i < n and has .. #part .. ':' .. part or has .. part)
  end
  local state = 'open'
  if has ~= value and call('EXISTS', base .. 'r:' .. id) == 0 then
    release(id) -- if it has expired
  end
  if has == value then
    state = 'held'
    local kept = force == '1' and call('HGET', base .. 'r:' .. id, '^' .. index)
    if kept and kept + 0 < stamp + 0 then -- the claim was made anew
      call('HSET', base .. 'r:' .. id, '^' .. index, stamp)
      renew(id, index, value, stamp)
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
