-- Takes a lock, unless somebody else has it.
--
-- KEYS[1]  the lock, which expires: its owner
-- KEYS[2]  hash: token of the last acquisition, freed: the last owner who gave it up
-- ARGV     the keyspace of the lock, the owner, the TTL in ms
--
-- Returns OK and the token, HELD and how many ms are left, or GONE if the owner has
-- given it up: a request that arrives late.
local holder = redis.call('GET', KEYS[1])
local known = redis.call('HMGET', KEYS[2], 'token', 'freed')
if holder and holder ~= ARGV[2] then
  return { 'HELD', redis.call('PTTL', KEYS[1]) }
elseif known[2] == ARGV[2] then
  return { 'GONE' }
end
local token = known[1]
if not holder then
  -- The time in µs, so that it rises also if a failover has lost the last token.
  local time = redis.call('TIME')
  token = string.format('%.0f', math.max((known[1] or 0) + 1, time[1] * 1000000 + time[2]))
  redis.call('HSET', KEYS[2], 'token', token)
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return { 'OK', token }
