-- Ends a lease, unless it is somebody else's.
--
-- KEYS[1]  as of lease
-- ARGV[1]  the keyspace
-- ARGV[2]  whose it is
-- ARGV[3]  for how many milliseconds to say that there is no such record; 0: not at all
--
-- Returns 1 if the lease was theirs.

if redis.call('GET', KEYS[1]) ~= ARGV[2] then
  return 0
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], '-', 'PX', ARGV[3])
end
return 1
