-- Keeps the result of who works on a key.
--
-- KEYS[1]  as for begin.lua
-- ARGV     the keyspace of the key, who has worked, for how many ms to keep it, and the
--          result unless it is too large
--
-- Returns OK, also when it is sent again; or LOST if somebody else may have worked on it.
local known = redis.call('HMGET', KEYS[1], 'run', 'by')
if known[2] == ARGV[2] then
  return { 'OK' }
elseif known[1] ~= ARGV[2] then
  return { 'LOST' }
end
redis.call('HSET', KEYS[1], 'by', ARGV[2])
if ARGV[4] then
  redis.call('HSET', KEYS[1], 'result', ARGV[4])
end
redis.call('HDEL', KEYS[1], 'run')
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 'OK' }
