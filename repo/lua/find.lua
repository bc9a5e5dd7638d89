local what, limit, budget, expires = ARGV[2], tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9] == '1'
local plan = choose(tonumber(ARGV[10]), what == 'plan', limit)
local rows, rest = what == 'rows', last

local holds
if plan.arguments > 0 then
  last = plan.condition
  holds = condition()
  last = rest
end

-- How a matching record is returned: from which field on, or what is counted.
local key, kind, seen, plain
if rows then
  key = tonumber(take())
elseif what == 'group' then
  kind, seen, plain = take(), tonumber(take()), tonumber(take())
end
local fields = last + 1
local marks = what == 'marks' or what == 'plan'
local bare = not holds and what ~= 'group' -- no condition needs the record's values

local only, upcoming
if plan.how == 'sort' then
  upcoming = sorted(plan)
elseif plan.how == 'nearest' then
  upcoming = nearest(plan)
elseif #plan == 1 then
  only = plan[1]
  open(only, true)
else
  upcoming = merged(plan, math.ceil(limit / #plan) + 1)
end

-- The entries at hand: their sources, scores, places in the order and ids.
local entries, scores, places, owners, ids = {}, {}, {}, {}, {}
local stopped -- where a search has to go on another time

-- How much is done at most, as work counts it, and how much of it an entry takes,
-- one that has a check, and one without a record.
local enough, every, checked, removal = 2500, 4, 2 * #plan.checks, expires and 30 or 4
local tired = false -- it was enough before all entries were read

-- fill reads up to n entries and returns how many there are.
local function fill(n)
  if only then
    ahead(only, n, marks)
    entries = only.members
    ids = entries
    if only.by == 'lex' then
      ids = {}
      for i, entry in ipairs(entries) do
        ids[i] = id_of(only, entry)
      end
    end
    return #entries
  end
  for i = 1, n do
    if work > enough and i > 1 then
      tired = true
      return i - 1
    end
    local owner, entry, at, place = upcoming()
    if not owner then
      stopped = entry
      return i - 1
    end
    owners[i], entries[i], scores[i], places[i], ids[i] = owner, entry, at, place or entry, id_of(owner, entry)
  end
  return n
end

-- mark returns the score and the member of an entry at hand, for a cursor.
local function mark(i)
  if not only then
    return scores[i] or '0', places[i]
  end
  return only.scores[i] or only.by == 'score' and call('ZSCORE', only.key, entries[i]) or '0', entries[i]
end

-- all_there tells whether n records are there, none of which is rejected.
local function all_there(n, rejected)
  local records = {}
  for i = 1, n do
    records[i] = base .. 'r:' .. ids[i]
  end
  return next(rejected) == nil and call('EXISTS', unpack(records, 1, n)) == n
end

local reply = { 0, plan.number, plan.estimate, 0, 0, '', '', score, member }
local found, examined, more, groups = 0, 0, false, {}
local at, place = score, member -- behind which the next call goes on

local function tally(values)
  local text, list = values[seen] or values[plain], {}
  if text and kind == 'each' then
    list = members(text)
    work = work + 10
  elseif text then
    list[text] = true
  end
  for value in pairs(list) do
    groups[value] = (groups[value] or 0) + 1
  end
end

local wanted = limit + 1 -- entries to read at a time
while not more do
  wanted = math.min(wanted, budget - examined, math.max(10, floor((enough - work) / (every + checked))))
  local n = wanted > 0 and fill(wanted) or 0
  local rejected = {}
  for _, check in ipairs(n > 0 and plan.checks or {}) do
    reject(check, ids, n, rejected)
  end
  work = work + n * checked
  local allowed = math.max(enough, work + 500) -- for the entries that are read
  local sure = bare and not rows and n > 1 and all_there(n, rejected)
  local done = n
  for i = 1, n do
    if work > allowed and i > 1 then
      more, done = true, i - 1
      break
    elseif not rejected[i] then
      work = work + every
      local id = ids[i]
      local record = base .. 'r:' .. id
      local values, there
      if sure then
        there = true
      elseif not bare then
        values = read(record, names)
        there = values and values[1]
      elseif rows and found < limit then
        values = read(record, ARGV, fields)
        there = values and values[key]
      else
        there = call('EXISTS', record) == 1
      end
      if not there then
        gone[#gone + 1] = { only or owners[i], entries[i] }
        work = work + removal
      elseif not holds or holds(values) then
        if found == limit then
          more, done = true, i - 1
          break
        end
        found = found + 1
        if found == 1 then
          reply[6], reply[7] = mark(i)
        end
        if rows then
          reply[9 + found] = bare and values or read(record, ARGV, fields)
        elseif what == 'group' then
          tally(values)
        elseif marks then
          reply[3 * found + 7] = id
          reply[3 * found + 8], reply[3 * found + 9] = mark(i)
        elseif what ~= 'count' then
          reply[9 + found] = id
        end
      end
    end
  end
  if done > 0 then
    at, place = mark(done)
  end
  examined = examined + done
  if tired then
    more = true
  elseif n < wanted or only and only.ended then
    break
  end
  more = more or examined == budget or work > enough
  wanted = math.max(limit + 1 - found, 100)
end
if stopped and not more then -- it would take too long to go on now
  more, at, place = true, stopped, ''
end

reply[1], reply[4], reply[8], reply[9] = more and 1 or 0, examined, at, place
call = redis.pcall -- a replica can answer, though it cannot repair
for _, one in ipairs(gone) do -- now: ranks change
  if forget(one[1], one[2], expires) then
    reply[5] = reply[5] + 1
  end
end
if what == 'count' then
  reply[10] = found
end
for value, n in pairs(groups) do
  local size = #reply
  reply[size + 1], reply[size + 2] = value, n
end
return reply
