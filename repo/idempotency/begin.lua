-- Begins to work on a key, unless that is done or somebody else does.
--
-- KEYS[1]  hash: run: who works on it, while that lasts; then by: who has, and result
-- ARGV     the keyspace of the key, who asks, the lease in ms
--
-- Returns RUN, BUSY and how many ms are left, DONE and the result, or LARGE if that was
-- too large to be kept.
local known = redis.call('HMGET', KEYS[1], 'run', 'by', 'result')
if known[2] then
  return known[3] and { 'DONE', known[3] } or { 'LARGE' }
elseif known[1] and known[1] ~= ARGV[2] then
  return { 'BUSY', redis.call('PTTL', KEYS[1]) }
end
redis.call('HSET', KEYS[1], 'run', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 'RUN' }
