-- alternative takes one of the alternatives. Its size is estimated if it may be
-- followed.
local function alternative(number, followed)
  local plan = { number = number, how = take(), each = tonumber(take()), estimate = 0, checks = {} }
  plan.by = plan.how == 'sort' and take() or plan.how == 'nearest' and 'distance'
  if plan.by == 'score' then
    plan.key = base .. take()
  elseif plan.by and plan.by ~= 'id' then
    plan.seen, plan.plain = tonumber(take()), tonumber(take())
  end
  if plan.by == 'distance' then
    plan.lat, plan.lon, plan.most = take() + 0, take() + 0, take() + 0
  end
  for i = 1, tonumber(take()) do
    plan[i] = { key = base .. take(), by = take(), low = take(), high = take() }
    if followed then
      plan.estimate = plan.estimate + size(plan[i])
    end
  end
  for i = 1, tonumber(take()) do
    plan.checks[i] = { key = base .. take(), low = take(), high = take(), absent = take() == '1' }
  end
  plan.arguments = tonumber(take())
  plan.condition = last
  last = last + plan.arguments
  return plan
end

-- choose takes the alternatives and returns the one to follow: the one asked for,
-- or the one of the least cost, in entries looked at.
local function choose(pinned, estimated, limit)
  local chosen, least
  local count = tonumber(take())
  for number = 1, count do
    local plan = alternative(number, pinned == number or pinned == 0 and (count > 1 or estimated))
    if pinned == number or count == 1 then
      chosen = plan
    elseif pinned == 0 then
      local cost = math.max(plan.estimate * plan.each, math.min(plan.estimate, limit))
      if plan.how == 'sort' and plan.estimate > most then
        cost = math.huge
      end
      if not least or cost < least then
        chosen, least = plan, cost
      end
    end
  end
  return chosen
end

-- bound returns the number of a bound, and whether it is itself out.
local function bound(text)
  local open = string.sub(text, 1, 1) == '('
  return number(open and string.sub(text, 2) or text), open
end

-- reject adds to a set those of n entries whose ids do not meet a check: to be
-- in an index, with a score between two bounds, or not to be.
local function reject(check, ids, n, rejected)
  local low, above = bound(check.low)
  local high, below = bound(check.high)
  local scores = call('ZMSCORE', check.key, unpack(ids, 1, n))
  for i = 1, n do
    local inside = scores[i] ~= false
    if inside then
      local score = number(scores[i])
      if score < low or score > high or above and score == low or below and score == high then
        inside = false
      end
    end
    if inside == check.absent then
      rejected[i] = true
    end
  end
end
