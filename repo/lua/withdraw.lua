-- Values that are unique across shards are claimed in the shard of the value; here,
-- in the shard of the record, is what became of its claims:
--   w  sorted set, claims that the record has given up, by stamp: a write that
--      relies on one of that stamp or an older one is refused
--   q  the same, until they are released in the shard of the value
-- A claim is <length>:<index><length>:<value><id>.

local function claim_of(index, value, id)
  return #index .. ':' .. index .. #value .. ':' .. value .. id
end

-- withdraw gives a claim up, and those that came before it.
local function withdraw(index, value, id, stamp)
  call('ZADD', base .. 'w', 'GT', stamp, claim_of(index, value, id))
  call('ZADD', base .. 'q', 'GT', stamp, claim_of(index, value, id))
end

-- withdrawn tells whether a claim of that stamp was given up.
local function withdrawn(index, value, id, stamp)
  local at = call('ZSCORE', base .. 'w', claim_of(index, value, id))
  return at and at + 0 >= stamp + 0
end
