-- Has a lock expire later. KEYS and ARGV as for acquire.lua; returns OK or LOST.
if redis.call('GET', KEYS[1]) ~= ARGV[2] then
  return { 'LOST' }
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 'OK' }
