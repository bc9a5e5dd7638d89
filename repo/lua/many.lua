-- How the write of many records changes indexes: all are planned before
-- anything is written, since Redis does not undo what a failed script has done;
-- then each key is changed by one command.

local added, removed, claims = {}, {}, {}
local recording -- while a footprint is taken: its parts
local moved -- whether the record at hand changes any entry

-- put adds values to the list that plan keeps for an index. The first use of an
-- index reads it, so that a key of another type fails the script in time.
local function put(plan, index, one, two)
  local list = plan[index]
  if not list then
    call('ZCARD', base .. index)
    list = {}
    plan[index] = list
  end
  local n = #list
  list[n + 1], list[n + 2] = one, two
end

-- add plans that a member enters an index.
local function add(index, score, member)
  if recording then
    recording[#recording + 1] = #index .. ':' .. index .. #member .. ':' .. member
    return
  end
  moved = true
  put(added, index, score, member)
end

-- list plans that an id enters the index of all.
local function list(id)
  add('a', format('%.0f', now()), id)
end

-- remove plans that a member leaves an index.
local function remove(index, member)
  moved = true
  put(removed, index, member)
end

-- apply plans how a record moves from old to new values.
local function apply(move, id, old, new)
  move(id, old, new)
end

-- run calls a command with a list of arguments, some at a time: unpack has a
-- limit.
local function run(command, index, values)
  for i = 1, #values, 1000 do
    call(command, base .. index, unpack(values, i, math.min(i + 999, #values)))
  end
end

-- settle does what is planned.
local function settle()
  for index, values in pairs(removed) do
    run('ZREM', index, values)
  end
  for index, values in pairs(added) do
    run('ZADD', index, values)
  end
  for index, claimed in pairs(claims) do
    local freed, owned = {}, {}
    for value, id in pairs(claimed) do
      if id then
        local n = #owned
        owned[n + 1], owned[n + 2] = value, id
      else
        freed[#freed + 1] = value
      end
    end
    run('HDEL', index, freed)
    run('HSET', index, owned)
  end
end
