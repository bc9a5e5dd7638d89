-- Writes one or more records, each whole or not at all.
--
-- KEYS     the records: <prefix>{<entity>}:r:<id>
-- ARGV[1]  the keyspace: <prefix>{<entity>}:
-- ARGV[2]  create, save, update, patch, touch or delete
-- ARGV[3]  the time in µs since 1970, or "" for the server's
-- then for each record:
--   id
--   what is expected: "" anything, a version, or # and the SHA-1 of the fields
--   expiry if the record is new, and if it exists: "" keeps, "0" none,
--     "+n" n ms from now, "n" n ms since 1970
--   how many fields are cleared, added to, set
--   the names of the fields cleared
--   kind, amount, lowest and highest sum for each field added to
--   name and value for each field set: first those added to, last those that
--     the script keeps (created, version, updated, expires)
--
-- Returns for each record: OK, 1 if it existed, version, created, updated, ms
-- of expiry; or what was wrong: EXISTS, NOTFOUND, CONFLICT, UNIQUE index owner,
-- RANGE field.

local writes = {}

-- digest returns what identifies the fields of a record that has no version.
local function digest(record)
  local parts = {}
  for i, value in ipairs(redis.call('HMGET', record, unpack(names))) do
    parts[i] = value and #value .. ':' .. value or '-'
  end
  return '#' .. redis.sha1hex(table.concat(parts))
end

local function plan(record, first)
  local id, expected = ARGV[first], ARGV[first + 1]
  local clears = first + 7
  local adds = clears + ARGV[first + 4]
  local sets = adds + 4 * ARGV[first + 5]
  local after = sets + 2 * ARGV[first + 6]

  local values = redis.call('HMGET', record, unpack(fields))
  local exists = values[1] ~= false
  if op == 'create' then
    if exists then
      return { 'EXISTS' }, after
    end
  elseif not exists and op ~= 'save' then
    return { 'NOTFOUND' }, after
  end
  local old = {}
  for i, name in ipairs(fields) do
    old[name] = values[i]
  end
  if expected ~= '' then
    local found = version and (old[version] or '0') or digest(record)
    if expected ~= found then
      return { 'CONFLICT' }, after
    end
  end

  local partly = op == 'patch' or op == 'touch'
  local new = {}
  for i, name in ipairs(fields) do
    new[name] = partly and values[i]
  end

  for i = 1, tonumber(ARGV[first + 5]) do
    local name, at = ARGV[sets + 2 * i - 2], adds + 4 * i - 4
    local stored = redis.call('HGET', record, name) or '0'
    local total = sum(ARGV[at], stored, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
    if not total then
      return { 'RANGE', name }, after
    end
    ARGV[sets + 2 * i - 1] = total
  end

  local last = after - 1
  local deadline -- ms; 0: none; nil: as it is
  local replies = { 'OK', exists and 1 or 0, '', '', '', '' }
  if op ~= 'delete' then
    if expires ~= nil then
      local ttl = ARGV[first + (exists and 3 or 2)]
      if string.sub(ttl, 1, 1) == '+' then
        deadline = math.floor(server / 1000) + string.sub(ttl, 2)
      elseif ttl ~= '' then
        deadline = tonumber(ttl)
      end
      if expires then
        local text = deadline and deadline ~= 0 and stamp(deadline * 1000) or deadline == nil and old[expires]
        if text then
          ARGV[last] = text
        else
          last = last - 2
        end
        replies[6] = text or ''
      end
    end
    local at = after - 1 - (expires and 2 or 0)
    local now = (updated or created) and stamp(tonumber(clock) or server)
    if updated then
      ARGV[at] = op == 'touch' and old[updated] or now
      replies[5] = ARGV[at]
      at = at - 2
    end
    if version then
      ARGV[at] = string.format('%.0f', (tonumber(old[version]) or 0) + (op == 'touch' and 0 or 1))
      replies[3] = ARGV[at]
      at = at - 2
    end
    if created then
      if exists and old[created] then
        ARGV[at] = old[created]
      elseif ARGV[at] == '' then
        ARGV[at] = now
      end
      replies[4] = ARGV[at]
    end
    for i = sets, last, 2 do
      new[ARGV[i]] = ARGV[i + 1]
    end
    for i = clears, adds - 1 do
      new[ARGV[i]] = false
    end
    if expires and deadline == 0 then
      new[expires] = false
    end
  end

  local index, by = conflict(id, old, new)
  if index then
    return { 'UNIQUE', index, by }, after
  end
  moved = false
  if expires ~= nil and not exists then
    release(id)
  end
  move(id, old, new)
  if listed then
    if op == 'delete' then
      remove('a', id)
    elseif not exists then
      add('a', string.format('%.0f', server), id)
    end
  end

  local footprint
  if expires ~= nil then
    if deadline == 0 or op == 'delete' then
      footprint = false
      remove('x', id)
    elseif deadline or moved and exists and redis.call('ZSCORE', base .. 'x', id) then
      if deadline then
        add('x', string.format('%.0f', deadline), id)
      end
      redis.call('HLEN', base .. 'm')
      recording = {}
      move(id, {}, new)
      if listed then
        add('a', 0, id)
      end
      footprint = table.concat(recording)
      recording = nil
    end
  end
  writes[#writes + 1] = {
    record = record, id = id, exists = exists, sets = sets, last = last, clears = clears, adds = adds,
    deadline = deadline, footprint = footprint, mirror = expires and deadline == 0,
  }
  return replies, after
end

-- each calls a command with a list of arguments, some at a time: unpack has a
-- limit.
local function each(command, key, list)
  for i = 1, #list, 1000 do
    redis.call(command, key, unpack(list, i, math.min(i + 999, #list)))
  end
end

local function write(w)
  if op == 'delete' then
    redis.call('DEL', w.record)
  else
    if w.last >= w.sets then
      redis.call('HSET', w.record, unpack(ARGV, w.sets, w.last))
    end
    if w.exists and w.adds > w.clears then
      redis.call('HDEL', w.record, unpack(ARGV, w.clears, w.adds - 1))
    end
    if w.mirror then
      redis.call('HDEL', w.record, expires)
    end
    if w.deadline == 0 then
      redis.call('PERSIST', w.record)
    elseif w.deadline then
      redis.call('PEXPIREAT', w.record, string.format('%.0f', w.deadline))
    end
  end
  if w.footprint then
    redis.call('HSET', base .. 'm', w.id, w.footprint)
  elseif w.footprint == false then
    redis.call('HDEL', base .. 'm', w.id)
  end
end

if expires ~= nil then
  clear(2)
end
local replies, at = {}, 4
for i, record in ipairs(KEYS) do
  replies[i], at = plan(record, at)
end
for _, w in ipairs(writes) do
  write(w)
end
for key, list in pairs(removed) do
  each('ZREM', key, list)
end
for key, list in pairs(added) do
  each('ZADD', key, list)
end
for key, claimed in pairs(claims) do
  local freed, owned = {}, {}
  for value, id in pairs(claimed) do
    if id then
      owned[#owned + 1] = value
      owned[#owned + 1] = id
    else
      freed[#freed + 1] = value
    end
  end
  each('HDEL', key, freed)
  each('HSET', key, owned)
end
return replies
