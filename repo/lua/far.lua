-- How a write deals with claims in other shards. It is given the value and the
-- stamp of each that it may rely on, two empty strings where there is none, in the
-- order in which far has the indexes; they come last for each record. The record
-- keeps the stamp of each claim in a field ^<index>.

local most_age = 1800000000 -- µs after which a claim is no longer relied on

-- relying finds out what a write does to claims: it returns what it lacks to be
-- carried out, nil if nothing, the fields to set and to remove, and what is given
-- up: index, value, stamp, ….
local function relying(id, old, new, at)
  local lacks, sets, clears, left = nil, {}, {}, {}
  far(old, new, function(index, was, is)
    local value, stamp = ARGV[at], ARGV[at + 1]
    at = at + 2
    if was and was == is then
      new['^' .. index] = old['^' .. index] -- unless it is claimed anew
    end
    local claimed = stamp ~= '' and value == is and now() - stamp < most_age and not withdrawn(index, is, id, stamp)
    if claimed then
      local kept = was == is and old['^' .. index] or '0'
      sets[#sets + 1] = '^' .. index
      sets[#sets + 1] = kept + 0 > stamp + 0 and kept or stamp -- the claim is at least as young
    elseif is and is ~= was then
      lacks = lacks or { 'CLAIM' }
      lacks[#lacks + 1] = index
      lacks[#lacks + 1] = is
    elseif was and not is then
      clears[#clears + 1] = '^' .. index
    end
    if was and was ~= is then
      for _, part in ipairs({ index, was, old['^' .. index] or '0' }) do
        left[#left + 1] = part
      end
    end
  end)
  return lacks, { sets = sets, clears = clears, left = left }
end

-- rely does what relying has found.
local function rely(record, id, claims)
  if #claims.sets > 0 then
    call('HSET', record, unpack(claims.sets))
  end
  if #claims.clears > 0 then
    call('HDEL', record, unpack(claims.clears))
  end
  for i = 1, #claims.left, 3 do
    withdraw(claims.left[i], claims.left[i + 1], id, claims.left[i + 2])
  end
end

-- trace adds the claims of a record to its footprint in the ledger.
local function trace(new)
  far({}, new, function(index, _, is)
    if is then
      local stamped = (new['^' .. index] or '0') .. ':' .. is
      recording[#recording + 1] = #index + 1 .. ':^' .. index .. #stamped .. ':' .. stamped
    end
  end)
end
