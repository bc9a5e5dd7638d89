-- Reads the record that has a unique value.
--
-- KEYS[1]  the claims: <prefix>{<entity>}:u:<index>
-- ARGV[1]  the keyspace
-- ARGV[2]  the value
-- then the fields to read
--
-- Returns the values of the fields; nil if nobody has the value.

local id = redis.call('HGET', KEYS[1], ARGV[2])
return id and redis.call('HMGET', ARGV[1] .. 'r:' .. id, unpack(ARGV, 3))
