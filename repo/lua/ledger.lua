-- The expiry ledger: what an expired record leaves behind, and how it goes.
--   x  sorted set, id by the time its record expires, in ms
--   m  hash, id -> the entries of its record, each <length>:<index><length>:<member>
-- Redis has removed the record itself by then, so the ledger is all there is.

-- release removes every entry that the record of an id has left.
local function release(id)
  local entries = redis.call('HGET', base .. 'm', id)
  if entries then
    local at = 1
    local function part()
      local colon = string.find(entries, ':', at, true)
      local last = colon + tonumber(string.sub(entries, at, colon - 1))
      at = last + 1
      return string.sub(entries, colon + 1, last)
    end
    while at <= #entries do
      local index, member = part(), part()
      local key = base .. index
      if string.sub(index, 1, 1) ~= 'u' then
        redis.call('ZREM', key, member)
      elseif redis.call('HGET', key, member) == id then
        redis.call('HDEL', key, member)
      end
    end
    redis.call('HDEL', base .. 'm', id)
  end
  redis.call('ZREM', base .. 'x', id)
end

-- clear releases at most so many ids that are due, and returns how many were.
local function clear(most)
  local due = redis.call('ZRANGEBYSCORE', base .. 'x', '-inf', '(' .. string.format('%.0f', math.floor(server / 1000)), 'LIMIT', 0, most)
  for _, id in ipairs(due) do
    local record = base .. 'r:' .. id
    if redis.call('EXISTS', record) == 0 then
      release(id)
    else -- its expiry was changed by another hand
      local at = redis.call('PEXPIRETIME', record)
      if at > 0 then
        redis.call('ZADD', base .. 'x', at, id)
      else
        redis.call('ZREM', base .. 'x', id)
      end
    end
  end
  return #due
end
