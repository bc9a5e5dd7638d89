-- Tells who has a lock: the owner, the token and how many ms are left; nothing if nobody
-- has it. KEYS as for acquire.lua.
local owner = redis.call('GET', KEYS[1])
if not owner then
  return {}
end
return { owner, redis.call('HGET', KEYS[2], 'token'), redis.call('PTTL', KEYS[1]) }
