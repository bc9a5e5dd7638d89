-- Keeps a snapshot of a record, unless there is a later one of the same revision.
--
-- KEYS[1]  the stream of its events
-- KEYS[2]  its snapshot
-- ARGV[1]  the keyspace of the record
-- ARGV[2]  the version
-- ARGV[3]  the token that the event of that version was appended with
-- ARGV[4]  the revision
-- ARGV[5]  the state
--
-- Returns how many were kept.

local call = redis.call

-- token returns what the event that made a version was appended with.
local function token(version)
  local id = version .. '-0'
  local entry = call('XRANGE', KEYS[1], id, id)[1]
  for i = 1, entry and #entry[2] or 0, 2 do
    if entry[2][i] == 'by' then
      return entry[2][i + 1]
    end
  end
end

local found = call('HMGET', KEYS[2], 'version', 'by', 'revision')
local version = tonumber(found[1] or nil)
local later = version and version >= tonumber(ARGV[2]) and found[3] == ARGV[4] and token(found[1]) == found[2]
if later or token(ARGV[2]) ~= ARGV[3] then -- the events that it is of may have been deleted
  return { 0 }
end
call('HSET', KEYS[2], 'version', ARGV[2], 'by', ARGV[3], 'revision', ARGV[4], 'state', ARGV[5])
return { 1 }
