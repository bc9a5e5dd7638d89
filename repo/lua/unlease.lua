-- Ends a lease, unless it is somebody else's.
--
-- KEYS[1]  as of lease
-- ARGV[1]  the keyspace
-- ARGV[2]  whose it is
-- ARGV[3]  for how many milliseconds to say that there is no such record; 0: not at all
--
-- Returns 1 if the lease was theirs.

if redis.call('HGET', KEYS[1], 'by') ~= ARGV[2] then
  return 0
elseif ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'by', '-')
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', floor(now() / 1000) + ARGV[3]))
end
return 1
