-- Prepares the writes of one or more records, each whole or not at all; carry.lua
-- carries them out.
--
-- KEYS     the records: <prefix>{<entity>}:r:<id>
-- ARGV[1]  the keyspace: <prefix>{<entity>}:
-- ARGV[2]  create, save, update, patch, touch or delete
-- ARGV[3]  the time in µs since 1970, or "" for the server's
-- and if records carry the token of their last write:
-- ARGV[4]  the token of this one
-- ARGV[5]  "", or if it was sent before and the reply was lost, how many µs ago
--   at most
-- then for each record:
--   id
--   what is expected: "" anything, a version, a version and @ and when the
--     record was created, or # and the SHA-1 of the fields
--   expiry if the record is new, and if it exists: "" keeps, "0" none,
--     "+n" n ms from now, "n" n ms since 1970
--   how many fields are cleared, added to, set
--   the names of the fields cleared
--   kind, amount, lowest and highest sum for each field added to
--   name and value for each field set: first those added to, last those that
--     the script keeps (token, created, version, updated, expires); = before created
--     and updated: they are stored as they are, else created counts for a new record only
--
--   and if values are unique across shards, the value and the stamp of each claim
--     that is relied on: see far.lua
--
-- Returns for each record: OK, and if the entity has such fields, what is now
-- the version, created, updated, expires; or what was wrong: EXISTS, NOTFOUND,
-- CONFLICT, UNIQUE index owner, RANGE field, UNCERTAIN, CLAIM index value …: what has to be
-- claimed first, MISSING field id: what it refers to; and of deletes what cascade.lua says.

local writes, replies = {}, {}

-- exact returns a time that is to be stored as it is, if it is one.
local function exact(value)
  return string.sub(value, 1, 1) == '=' and string.sub(value, 2)
end

local done = { 'OK' }
local kept = version or created or updated or expires

if expires ~= nil then
  call('HLEN', base .. 'm') -- fails now if it is of another type
  clear(2)
end
if events then
  attend(events)
end
local none = #KEYS > 1 and call('EXISTS', unpack(KEYS)) == 0 and named({}) -- if all are new

-- One loop to check and to change indexes, one to write the records, and few
-- functions: to make one costs as much as a command.
local after = 4
local token, since = '', ''
if retry then
  token, since, after = ARGV[4], ARGV[5], 6
end
for row, record in ipairs(KEYS) do
  local first = after
  local id, expected = ARGV[first], ARGV[first + 1]
  local clears = first + 7
  local adds = clears + ARGV[first + 4]
  local sets = adds + 4 * ARGV[first + 5]
  after = sets + 2 * ARGV[first + 6]
  local last, given = after - 1, after
  if far then
    after = after + 2 * globals
  end

  repeat -- once; a break leaves the record as it is
    local values = none and {} or read(record, fields)
    local exists = values[1]
    local old = none or named(values)
    if retry then -- was this write carried out when it was sent before?
      local time, by = string.match(old['~'] or '', '^(%d+):(.*)$')
      if by == token or since ~= '' and not exists and op == 'delete' then
        if by == token then
          call('HSET', record, '~', old['~']) -- for who waits until a replica has it
        end
        replies[row] = { 'OK', old[version] or '', old[created] or '', old[updated] or '', old[expires] or '' }
        break
      elseif since ~= '' and (exists and (not time or tonumber(time) > now() - since) or not exists and op ~= 'create' and op ~= 'save') then
        replies[row] = { 'UNCERTAIN' } -- somebody else has written since
        break
      end
    end
    if guard and exists and not guard(record) then
      replies[row] = { 'NOTFOUND' }
      break
    elseif exists and op == 'create' then
      replies[row] = { 'EXISTS' }
      break
    elseif not exists and op ~= 'create' and op ~= 'save' then
      replies[row] = { 'NOTFOUND' }
      break
    end
    if expected ~= '' then
      local found = version and (old[version] or '0')
      if not version then
        local parts = {}
        for i, value in ipairs(read(record, names)) do
          parts[i] = value and #value .. ':' .. value or '-'
        end
        found = '#' .. redis.sha1hex(table.concat(parts))
      end
      local at = string.find(expected, '@', 1, true)
      if at and old[created] and #old[created] == #expected - at then
        found = found .. '@' .. old[created] -- written by us, not by hand in another form
      elseif at then
        expected = string.sub(expected, 1, at - 1)
      end
      if expected ~= found then
        replies[row] = { 'CONFLICT' }
        break
      end
    end

    local failed
    for i = 1, tonumber(ARGV[first + 5]) do
      local name, at = ARGV[sets + 2 * i - 2], adds + 4 * i - 4
      local value = total(ARGV[at], read(record, { name })[1] or '0', ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
      if not value then
        failed = name
        break
      end
      ARGV[sets + 2 * i - 1] = value
    end
    if failed then
      replies[row] = { 'RANGE', failed }
      break
    end

    -- The fields that the script keeps are the last that are set.
    local new = named((op == 'patch' or op == 'touch') and values or {})
    local reply = kept and { 'OK', '', '', '', '' } or done
    local deadline -- ms; 0: none; nil: as it is
    if op ~= 'delete' then
      local at = last
      if expires ~= nil then
        local ttl = ARGV[first + (exists and 3 or 2)]
        if string.sub(ttl, 1, 1) == '+' then
          deadline = floor(now() / 1000) + string.sub(ttl, 2)
        elseif ttl ~= '' then
          deadline = tonumber(ttl)
        end
        if expires then
          local text = deadline and deadline ~= 0 and stamp(deadline * 1000) or deadline == nil and old[expires]
          if text then
            ARGV[at] = text
          else
            last = last - 2
          end
          reply[5] = text or ''
          at = at - 2
        end
      end
      local time = (updated or created) and (op ~= 'touch' or not old[updated]) and stamp(tonumber(clock) or now())
      if updated then
        ARGV[at] = exact(ARGV[at]) or time or old[updated]
        reply[4] = ARGV[at]
        at = at - 2
      end
      if version then
        ARGV[at] = format('%.0f', (tonumber(old[version]) or 0) + (op == 'touch' and 0 or 1))
        reply[2] = ARGV[at]
        at = at - 2
      end
      if created then
        if exact(ARGV[at]) then
          ARGV[at] = exact(ARGV[at])
        elseif old[created] then
          ARGV[at] = old[created]
        elseif ARGV[at] == '' then
          ARGV[at] = time or stamp(now())
        end
        reply[3] = ARGV[at]
        at = at - 2
      end
      if retry then
        ARGV[at] = format('%.0f:', now()) .. token
      end
      for i = clears, adds - 1 do
        if new[ARGV[i]] ~= nil then
          new[ARGV[i]] = false
        end
      end
      for i = sets, last, 2 do
        if new[ARGV[i]] ~= nil then
          new[ARGV[i]] = ARGV[i + 1]
        end
      end
      if expires and deadline == 0 then
        new[expires] = false
      end
    end

    local refused
    if op == 'delete' then
      refused = fell and fell(record, id)
    elseif parents then
      refused = orphan(record, old, new, parents, writes)
    end
    if refused then
      replies[row] = refused
      break
    end
    local claims
    if far then
      local lacks
      lacks, claims = relying(id, old, new, given)
      if lacks then
        replies[row] = lacks
        break
      end
      for i = 1, #claims.sets, 2 do
        new[claims.sets[i]] = claims.sets[i + 1]
      end
    end
    local index, by = conflict(id, old, new)
    if index then
      replies[row] = { 'UNIQUE', index, by }
      break
    end
    moved = false
    if expires ~= nil and not exists and call('ZSCORE', base .. 'x', id) then
      release(id)
    end
    apply(move, id, old, new)
    moved = moved or claims and #claims.sets + #claims.clears > 0

    local footprint
    if expires ~= nil then
      if deadline == 0 or op == 'delete' then
        footprint = false
        remove('x', id)
      elseif deadline or (moved or events and version) and exists and call('ZSCORE', base .. 'x', id) then
        if deadline then
          add('x', format('%.0f', deadline), id)
        end
        recording = {}
        move(id, {}, new)
        if far then
          trace(new)
        end
        if events then
          add('!' .. events, 0, reply[2] or '')
        end
        footprint = table.concat(recording)
        recording = nil
      end
    end
    writes[#writes + 1] = {
      record = record, id = id, exists = exists, clears = clears, adds = adds, sets = sets, last = last,
      deadline = deadline, footprint = footprint, claims = claims, new = new,
      event = events and tell(op, id, old, new, op == 'delete' and old[version] or reply[2]),
    }
    replies[row] = reply
  until true
end
