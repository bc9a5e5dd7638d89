-- The other half of hash.lua, for scripts that write.

-- store sets the fields whose names and values are ARGV[sets] to ARGV[last],
-- and removes those whose names are ARGV[clears] to ARGV[stop].
local function store(record, sets, last, clears, stop)
  if sets < last then
    call('HSET', record, unpack(ARGV, sets, last))
  end
  if clears <= stop then
    call('HDEL', record, unpack(ARGV, clears, stop))
  end
end
