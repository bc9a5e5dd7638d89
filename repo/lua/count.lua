-- Counts the entries of parts of indexes that have none in common.
--
-- KEYS[1]  a key of the entity, for a cluster to know where it is
-- ARGV[1]  the keyspace
-- ARGV[2]  how many expired ids to release first, at most; "" if records do
--   not expire
-- then for each part: the index, score or lex, and the bounds as ZCOUNT and
--   ZLEXCOUNT take them
--
-- Returns the number; -1 if more ids are due than could be released.

local most = ARGV[2] ~= '' and tonumber(ARGV[2])
local left = {} -- ids that are due and cannot be released, as on a replica
if most then
  local ok, due = pcall(clear, most)
  if not ok then
    left = overdue(most)
    if #left == most then
      error(string.find(due, '^%u+ ') and { err = due } or due, 0) -- as Redis itself fails a script
    end
  elseif due == most then
    return -1
  end
end

local n, parts = 0, {}
for i = 3, #ARGV, 4 do
  local part = { key = base .. ARGV[i], by = ARGV[i + 1], low = ARGV[i + 2], high = ARGV[i + 3] }
  n = n + size(part)
  parts[part.key] = parts[part.key] or {}
  table.insert(parts[part.key], part)
end

local endless = { ['-'] = true, ['+'] = true, ['-inf'] = true, ['+inf'] = true }

-- within tells whether an index has an entry between the bounds of a part of it.
local function within(part, entry)
  local value = call('ZSCORE', part.key, entry)
  if not value then
    return false
  end
  local before = function(a, b) return a + 0 < b + 0 end
  if part.by == 'lex' then
    value, before = entry, less
  end
  local function limit(bound)
    return not endless[bound] and string.gsub(bound, '^[%[%(]', '', 1)
  end
  local function open(bound)
    return string.sub(bound, 1, 1) == '('
  end
  local low, high = limit(part.low), limit(part.high)
  if low and (before(value, low) or open(part.low) and not before(low, value)) then
    return false
  end
  return not (high and (before(high, value) or open(part.high) and not before(value, high)))
end

for _, id in ipairs(left) do
  local entries = call('EXISTS', base .. 'r:' .. id) == 0 and footprint(id) or {}
  for i = 1, #entries, 2 do
    for _, part in ipairs(parts[base .. entries[i]] or {}) do
      if within(part, entries[i + 1]) then
        n = n - 1
      end
    end
  end
end
return n
