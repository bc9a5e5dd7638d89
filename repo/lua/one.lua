-- How the write of one record changes indexes: at once. Redis does not undo
-- what a failed script has done, so apply does.

local recording -- while a footprint is taken: its parts
local moved -- whether the record changes any entry

-- add has a member enter an index.
local function add(index, score, member)
  if recording then
    recording[#recording + 1] = #index .. ':' .. index .. #member .. ':' .. member
    return
  end
  moved = true
  call('ZADD', base .. index, score, member)
end

-- list has an id enter the index of all, unless it is in it.
local function list(id)
  if recording then
    return add('a', 0, id)
  end
  moved = true
  call('ZADD', base .. 'a', 'NX', format('%.0f', now()), id)
end

-- remove has a member leave an index.
local function remove(index, member)
  moved = true
  call('ZREM', base .. index, member)
end

-- apply moves a record from old to new values. If a command fails, because a
-- key is of another type, it moves the record back and fails the script.
local function apply(move, id, old, new)
  local ok, failure = pcall(move, id, old, new)
  if not ok then
    call = redis.pcall
    move(id, new, old)
    -- As Redis itself fails a script: a table keeps the code that err begins with.
    error(string.find(failure, '^%u+ ') and { err = failure } or failure, 0)
  end
end

-- settle finishes what apply has left to do: nothing.
local function settle()
end
