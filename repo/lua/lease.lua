-- Leases a record to somebody who loads it.
--
-- KEYS[1]  says who does, or that there is none: <prefix>{<entity>}:n:<id>
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
local found = redis.call('HGET', KEYS[1], 'by')
if found and found ~= ARGV[2] then
  return found
end
redis.call('HSET', KEYS[1], 'by', ARGV[2])
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', floor(now() / 1000) + ARGV[3]))
return ARGV[2]
