-- Has a keyspace tell how the records of an entity are placed.
--
-- KEYS[1]  what tells: <prefix>{<entity>}:p
-- KEYS[2]  the list of all records, if they are in one shard
-- ARGV[1]  how they are to be placed
--
-- Returns how they are placed.

local found = redis.call('GET', KEYS[1])
if not found and redis.call('ZCARD', KEYS[2]) > 0 then
  return '1'
elseif not found then
  redis.call('SET', KEYS[1], ARGV[1])
end
return found or ARGV[1]
