-- What a write is going to do to indexes and claims. Nothing is written while
-- it is planned, since Redis does not undo what a failed script has done.

local added, removed, claims = {}, {}, {}
local recording -- while a footprint is taken: its parts
local moved -- whether the record at hand changes any entry

-- put adds values to the list that plan keeps for a key. The first use of a key
-- reads it, so that one of another type fails the script before it writes.
local function put(plan, key, one, two)
  local list = plan[key]
  if not list then
    redis.call('ZCARD', key)
    list = {}
    plan[key] = list
  end
  list[#list + 1] = one
  list[#list + 1] = two
end

local function record_entry(index, member)
  recording[#recording + 1] = #index .. ':' .. index .. #member .. ':' .. member
end

-- add plans that a member enters an index.
local function add(index, score, member)
  if recording then
    return record_entry(index, member)
  end
  moved = true
  put(added, base .. index, score, member)
end

-- remove plans that a member leaves an index.
local function remove(index, member)
  moved = true
  put(removed, base .. index, member)
end

-- owner returns the id that a unique value belongs to; false if to none, or to
-- a record that is gone.
local function owner(key, value)
  local claimed = claims[key] and claims[key][value]
  if claimed ~= nil then
    return claimed
  end
  local id = redis.call('HGET', key, value)
  if id and redis.call('EXISTS', base .. 'r:' .. id) == 0 then
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
      record_entry(index, is)
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
