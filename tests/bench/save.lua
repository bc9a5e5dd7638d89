-- Saves an account: what a programmer would write for this entity alone.
--
-- KEYS[1]  the record
-- ARGV     the keyspace, id, email, status, score, text, visits, active
--
-- Returns the owner of the address if it is another's, else "".

local record, space, id = KEYS[1], ARGV[1], ARGV[2]
local email, status, score = ARGV[3], ARGV[4], ARGV[5]
local old = redis.call('HMGET', record, 'email', 'status', 'score')
if old[1] ~= email then
  local owner = redis.call('HGET', space .. 'u:email', email)
  if owner and owner ~= id then
    return owner
  end
  if old[1] then
    redis.call('HDEL', space .. 'u:email', old[1])
  end
  redis.call('HSET', space .. 'u:email', email, id)
end
redis.call('HSET', record, 'id', id, 'email', email, 'status', status, 'score', score,
  'text', ARGV[6], 'visits', ARGV[7], 'active', ARGV[8])
if old[2] ~= status then
  if old[2] then
    redis.call('ZREM', space .. 'i:status:' .. old[2], id)
  end
  redis.call('ZADD', space .. 'i:status:' .. status, 0, id)
end
if old[3] ~= score then
  redis.call('ZADD', space .. 's:score', score, id)
end
if not old[1] then
  local now = redis.call('TIME')
  redis.call('ZADD', space .. 'a', now[1] * 1000000 + now[2], id)
end
return ''
