-- Returns how many claims it has forgotten that were given up: those that are so old
-- that no write relies on them. Then claims that were given up and are not released
-- yet, with their stamps.
--
-- KEYS[1]  a key of the shard
-- ARGV[1]  the keyspace
-- ARGV[2]  how many at most

local old = call('ZRANGEBYSCORE', base .. 'w', '-inf', format('%.0f', now() - 3600000000), 'LIMIT', 0, ARGV[2])
if #old > 0 then
  call('ZREM', base .. 'w', unpack(old))
end
local list = call('ZRANGE', base .. 'q', 0, ARGV[2] - 1, 'WITHSCORES')
for i = 2, #list, 2 do
  list[i] = format('%.0f', list[i] + 0)
end
table.insert(list, 1, format('%.0f', #old))
return list
