-- What is asked for.
local what, limit, budget, expires = ARGV[2], tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9] == '1'

-- The alternatives; the cheapest is followed. Cost is in entries looked at.
local pinned, chosen, least = tonumber(ARGV[10]), nil, nil
local alternatives = tonumber(take())
for number = 1, alternatives do
  local plan = { number = number, how = take(), estimate = 0 }
  local each = tonumber(take())
  plan.by = plan.how == 'sort' and take() or plan.how == 'nearest' and 'distance'
  if plan.by == 'score' then
    plan.key = base .. take()
  elseif plan.by and plan.by ~= 'id' then
    plan.seen, plan.plain = tonumber(take()), tonumber(take())
  end
  if plan.by == 'distance' then
    plan.lat, plan.lon, plan.most = take() + 0, take() + 0, take() + 0
  end
  local followed = pinned == number or pinned == 0 and (alternatives > 1 or what == 'plan')
  for i = 1, tonumber(take()) do
    plan[i] = { key = base .. take(), by = take(), low = take(), high = take() }
    if followed then
      plan.estimate = plan.estimate + size(plan[i])
    end
  end
  local arguments = tonumber(take())
  plan.filter, plan.filtered = last, arguments > 0
  last = last + arguments
  if pinned == number or alternatives == 1 then
    chosen = plan
  elseif followed then
    local cost = math.max(plan.estimate * each, math.min(plan.estimate, limit))
    if plan.how == 'sort' and plan.estimate > most then
      cost = math.huge
    end
    if not least or cost < least then
      chosen, least = plan, cost
    end
  end
end

local holds
if chosen.filtered then
  local behind = last
  last = chosen.filter
  holds = condition()
  last = behind
end

local upcoming
if chosen.how == 'sort' then
  upcoming = sorted(chosen)
elseif chosen.how == 'nearest' then
  upcoming = nearest(chosen)
else
  local chunk = (holds or what ~= 'rows') and 100 or limit + 1
  upcoming = merged(chosen, math.ceil(chunk / #chosen))
end

-- How a matching record is returned, and under which conditions it is there.
local reply = { 0, chosen.number, chosen.estimate, 0, 0, '', '', score, member }
local found, groups = 0, {}
local key, kind, seen, plain
if what == 'rows' then
  key = tonumber(take())
elseif what == 'group' then
  kind, seen, plain = take(), tonumber(take()), tonumber(take())
end
local fields = last + 1
local bare = not holds and what ~= 'group' -- no condition needs the record's values

while true do
  local source, entry, at, place = upcoming()
  if not source then
    if entry then -- it would take too long to go on now
      reply[1], reply[8], reply[9] = 1, entry, ''
    end
    break
  elseif reply[4] == budget then
    reply[1] = 1
    break
  end
  local id = id_of(source, entry)
  local record = base .. 'r:' .. id
  local values, there
  if not bare then
    values = read(record, names)
    there = values and values[1]
  elseif what == 'rows' and found < limit then
    values = read(record, ARGV, fields)
    there = values and values[key]
  else
    there = call('EXISTS', record) == 1
  end
  local matches = there and (not holds or holds(values, id))
  if matches and found == limit then
    reply[1] = 1
    break
  elseif matches then
    found = found + 1
    if found == 1 then
      reply[6], reply[7] = at, place or entry
    end
    if what == 'rows' then
      reply[9 + found] = bare and values or read(record, ARGV, fields)
    elseif what == 'ids' or what == 'plan' then
      reply[9 + found] = id
    elseif what == 'group' then
      local text, list = values[seen] or values[plain], {}
      if text and kind == 'each' then
        list = elements(string.sub(text, 2, 2) == '"' and 'string' or 'int', text)
      elseif text then
        list[text] = true
      end
      for value in pairs(list) do
        groups[value] = (groups[value] or 0) + 1
      end
    end
  elseif not there then
    gone[#gone + 1] = { source, entry }
  end
  reply[4] = reply[4] + 1
  reply[8], reply[9] = at, place or entry
end

reply[5] = #gone
for _, one in ipairs(gone) do -- now: ranks change
  forget(one[1], one[2], expires)
end
if what == 'count' then
  reply[10] = found
end
for value, n in pairs(groups) do
  local size = #reply
  reply[size + 1], reply[size + 2] = value, n
end
return reply
