-- Goes on working on a key. KEYS and ARGV as for begin.lua; returns OK or LOST.
if redis.call('HGET', KEYS[1], 'run') ~= ARGV[2] then
  return { 'LOST' }
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 'OK' }
