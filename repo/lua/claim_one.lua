-- Unique values of one record: who has them, and who will.

-- taken returns the id of another record that has a unique value. A record
-- that is gone has none.
local function taken(index, was, is, id)
  if is and is ~= was then
    local owner = call('HGET', base .. index, is)
    return owner and owner ~= id and call('EXISTS', base .. 'r:' .. owner) == 1 and owner
  end
end

-- claim passes a unique value from what it was to what it is.
local function claim(index, was, is, id)
  if recording then
    if is then
      recording[#recording + 1] = #index .. ':' .. index .. #is .. ':' .. is
    end
    return
  end
  if was == is then
    return
  end
  moved = true
  if was and call('HGET', base .. index, was) == id then
    call('HDEL', base .. index, was)
  end
  if is then
    call('HSET', base .. index, is, id)
  end
end
