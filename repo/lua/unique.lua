-- Reads the record that has a unique value.
--
-- KEYS[1]  the claims: <prefix>{<entity>}:u:<index>
-- ARGV[1]  the keyspace
-- ARGV[2]  the value
-- then the fields to read
--
-- Returns the values of the fields; nil if nobody has the value.

local id = call('HGET', KEYS[1], ARGV[2])
return id and read(base .. 'r:' .. id, ARGV, 3)
