-- Leases a record to somebody who loads it.
--
-- KEYS[1]  what says who does, or that there is none: <prefix>{<entity>}:n:<id>
-- KEYS[2]  the record
-- ARGV[1]  the keyspace
-- ARGV[2]  who asks
-- ARGV[3]  for how many milliseconds
-- ARGV[4]  1: also if the record is there
--
-- Returns who loads it: who asks, or somebody else; "-" if there is none; "there" if
-- nobody needs to.

if ARGV[4] ~= '1' and redis.call('EXISTS', KEYS[2]) == 1 then
  return 'there'
end
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[2] then
  return found
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return ARGV[2]
