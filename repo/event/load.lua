-- Reads events of a record, and the snapshot to begin with.
--
-- KEYS[1]  the stream of its events
-- KEYS[2]  its snapshot, a hash: version, by, revision, state
-- ARGV[1]  the keyspace of the record
-- ARGV[2]  the version to read on from
-- ARGV[3]  how many events at most
-- ARGV[4]  the revision that a snapshot must have; left out: no snapshot
--
-- Returns the version of the snapshot and its state, or what ARGV[2] says and ''; and
-- for each event after it ID, event, when, in µs, and the token of its append.

local call, format = redis.call, string.format
local from, state = ARGV[2], ''

-- fields returns what an entry has, by name.
local function fields(entry)
  local found = {}
  for i = 1, #entry[2], 2 do
    found[entry[2][i]] = entry[2][i + 1]
  end
  return found
end

-- event returns the entry that made a version.
local function event(version)
  local id = format('%.0f-0', version)
  local entry = call('XRANGE', KEYS[1], id, id)[1]
  return entry and fields(entry) or {}
end

if ARGV[4] then
  local found = call('HMGET', KEYS[2], 'version', 'by', 'revision', 'state')
  local version = tonumber(found[1] or nil)
  if version and found[3] == ARGV[4] and event(version).by == found[2] then -- else it is of other events
    from, state = found[1], found[4]
  end
end
local reply = { from, state }
for _, entry in ipairs(call('XRANGE', KEYS[1], format('%.0f-0', from + 1), '+', 'COUNT', ARGV[3])) do
  local found = fields(entry)
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = entry[1], found.event or '', found.at or '', found.by or ''
end
return reply
