-- The expiry ledger: what an expired record leaves behind, and how it goes.
--   x  sorted set, id by the time its record expires, in ms
--   m  hash, id -> the entries of its record, each <length>:<index><length>:<member>;
--     an index ! and how events are told has the version of the record
-- Redis has removed the record itself by then, so the ledger is all there is.

-- footprint returns the entries that the record of an id has left: index, member,
-- and so on; nil if it is not in the ledger.
local function footprint(id)
  local entries = call('HGET', base .. 'm', id)
  if not entries then
    return nil
  end
  local parts, at = {}, 1
  while at <= #entries do
    local colon = string.find(entries, ':', at, true)
    local last = colon + tonumber(string.sub(entries, at, colon - 1))
    parts[#parts + 1] = string.sub(entries, colon + 1, last)
    at = last + 1
  end
  return parts
end

-- release removes every entry that the record of an id has left, and tells that it
-- has expired.
local function release(id)
  local left = footprint(id)
  if left then
    for i = 1, #left, 2 do
      local index, member = left[i], left[i + 1]
      local key = base .. index
      local kind = string.sub(index, 1, 1)
      if kind == '^' then
        local stamp, value = string.match(member, '^(%d+):(.*)$')
        withdraw(string.sub(index, 2), value, id, stamp)
      elseif kind == '!' then
        announce(string.sub(index, 2), expired(id, member, call('ZSCORE', base .. 'x', id)))
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

-- overdue returns at most so many ids that are due.
local function overdue(most)
  return call('ZRANGEBYSCORE', base .. 'x', '-inf', format('%.0f', floor(now() / 1000)), 'LIMIT', 0, most)
end

-- clear releases at most so many ids that are due, and returns how many were.
local function clear(most)
  local due = overdue(most)
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
