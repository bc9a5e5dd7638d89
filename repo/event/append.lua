-- Appends events to a record, all or none, if it has the version that is expected.
--
-- KEYS[1]  the stream of its events: entry <version>-0 is the one that made the version
-- KEYS[2]  its snapshot, which stays as it is
-- ARGV[1]  the keyspace of the record
-- ARGV[2]  the version that is expected; 0: there are no events
-- ARGV[3]  the token of this append, by which it is recognised when it is sent again
-- ARGV[4]… the events
--
-- Returns CONFLICT or OK, and the version that it has.

local call, format = redis.call, string.format
local expected, token = tonumber(ARGV[2]), ARGV[3]

-- version returns that of the last event, and the token it was appended with.
local function version(entry)
  if not entry then
    return 0
  end
  local fields = {}
  for i = 1, #entry[2], 2 do
    fields[entry[2][i]] = entry[2][i + 1]
  end
  return tonumber(string.match(entry[1], '^%d+')), fields.by
end

local last = version(call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1])
if last ~= expected then
  local id = format('%.0f-0', expected + 1)
  local _, by = version(call('XRANGE', KEYS[1], id, id)[1])
  if #ARGV > 3 and by == token then -- it was carried out when it was sent before
    return { 'OK', format('%.0f', expected + #ARGV - 3) }
  end
  return { 'CONFLICT', format('%.0f', last) }
end
local time = call('TIME')
local at = format('%.0f', time[1] * 1000000 + time[2])
for i = 4, #ARGV do
  last = last + 1
  call('XADD', KEYS[1], format('%.0f-0', last), 'event', ARGV[i], 'at', at, 'by', token)
end
return { 'OK', format('%.0f', last) }
