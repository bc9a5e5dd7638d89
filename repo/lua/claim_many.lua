-- Unique values of many records: who has them, and who will.

-- owner returns the id that a unique value belongs to; false if to none, or to
-- a record that is gone.
local function owner(index, value)
  local claimed = claims[index] and claims[index][value]
  if claimed ~= nil then
    return claimed
  end
  local id = call('HGET', base .. index, value)
  return id and call('EXISTS', base .. 'r:' .. id) == 1 and id
end

-- taken returns the id of another record that has a unique value.
local function taken(index, was, is, id)
  if is and is ~= was then
    local by = owner(index, is)
    return by and by ~= id and by
  end
end

-- claim plans that a unique value passes from what it was to what it is.
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
  claims[index] = claims[index] or {}
  if was and owner(index, was) == id then
    claims[index][was] = false
  end
  if is then
    claims[index][is] = id
  end
end
