-- Gives up work on a key. KEYS and ARGV as for begin.lua, without the lease; returns OK.
if redis.call('HGET', KEYS[1], 'run') == ARGV[2] then
  redis.call('DEL', KEYS[1])
end
return { 'OK' }
