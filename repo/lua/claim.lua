-- Unique values: who has them, and who will.

-- owner returns the id that a unique value belongs to; false if to none, or to
-- a record that is gone.
local function owner(key, value)
  local claimed = claims[key] and claims[key][value]
  if claimed ~= nil then
    return claimed
  end
  local id = call('HGET', key, value)
  if id and call('EXISTS', base .. 'r:' .. id) == 0 then
    return false
  end
  return id
end

-- taken returns the id of another record that has a unique value.
local function taken(index, was, is, id)
  if is and is ~= was then
    local by = owner(base .. index, is)
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
  local key = base .. index
  if was and owner(key, was) ~= id then
    was = false
  end
  claims[key] = claims[key] or {}
  if was then
    claims[key][was] = false
  end
  if is then
    claims[key][is] = id
  end
end
