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
    call('ZCARD', key)
    list = {}
    plan[key] = list
  end
  list[#list + 1] = one
  list[#list + 1] = two
end

-- add plans that a member enters an index.
local function add(index, score, member)
  if recording then
    recording[#recording + 1] = #index .. ':' .. index .. #member .. ':' .. member
    return
  end
  moved = true
  put(added, base .. index, score, member)
end

-- remove plans that a member leaves an index.
local function remove(index, member)
  moved = true
  put(removed, base .. index, member)
end
