-- Gives a lock up. KEYS and ARGV as for acquire.lua, without the TTL; returns OK or
-- LOST. Who sends it again because the reply was lost is known by the hash.
if redis.call('GET', KEYS[1]) == ARGV[2] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[2], 'freed', ARGV[2])
  return { 'OK' }
end
return { redis.call('HGET', KEYS[2], 'freed') == ARGV[2] and 'OK' or 'LOST' }
