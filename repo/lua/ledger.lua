-- The expiry ledger: what an expired record leaves behind, and how it goes.
--   x  sorted set, id by the time its record expires, in ms
--   m  hash, id -> the entries of its record, each <length>:<index><length>:<member>
-- Redis has removed the record itself by then, so the ledger is all there is.

-- release removes every entry that the record of an id has left.
local function release(id)
  local entries = call('HGET', base .. 'm', id)
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
      local kind = string.sub(index, 1, 1)
      if kind == '^' then
        local stamp, value = string.match(member, '^(%d+):(.*)$')
        withdraw(string.sub(index, 2), value, id, stamp)
      elseif kind ~= 'u' then
        call('ZREM', key, member)
      elseif call('HGET', key, member) == id then
        call('HDEL', key, member)
      end
    end
    call('HDEL', base .. 'm', id)
  end
  call('ZREM', base .. 'x', id)
end

-- clear releases at most so many ids that are due, and returns how many were.
local function clear(most)
  local due = call('ZRANGEBYSCORE', base .. 'x', '-inf', format('%.0f', floor(now() / 1000)), 'LIMIT', 0, most)
  for _, id in ipairs(due) do
    local record = base .. 'r:' .. id
    if call('EXISTS', record) == 0 then
      release(id)
    else -- its expiry was changed by another hand
      local at = call('PEXPIRETIME', record)
      if at > 0 then
        call('ZADD', base .. 'x', at, id)
      else
        call('ZREM', base .. 'x', id)
      end
    end
  end
  return #due
end
