-- Unique values of the records of a transaction. Who has them is looked at when all
-- writes are planned: a value may pass from one of the records to another, whichever
-- is written first.

local values = {} -- who gives up and who wants the values of an index, by its key

-- taken leaves the question for clash.
local function taken()
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
  local plan = values[key]
  if not plan then
    call('HLEN', key) -- fails now if it is of another type
    plan = { base = base, index = index, claims = claims, gives = {}, wants = {} }
    values[key] = plan
  end
  if was then
    plan.gives[was] = plan.gives[was] or {}
    plan.gives[was][id] = true
  end
  if is then
    plan.wants[is] = plan.wants[is] or {}
    table.insert(plan.wants[is], id)
  end
end

-- owned returns the id of a record that has a value and keeps it.
local function owned(key, plan, value)
  local owner = call('HGET', key, value)
  local gives = plan.gives[value]
  if owner and not (gives and gives[owner]) and call('EXISTS', plan.base .. 'r:' .. owner) == 1 then
    return owner
  end
end

-- clash plans the claims. If that cannot be, it returns the record that cannot have
-- its value, the index and the owner.
local function clash()
  for key, plan in pairs(values) do
    local settled = {}
    plan.claims[plan.index] = settled
    for value, gives in pairs(plan.gives) do
      local owner = call('HGET', key, value)
      if owner and gives[owner] then
        settled[value] = false
      end
    end
    for value, ids in pairs(plan.wants) do
      local owner = ids[2] and ids[1] or owned(key, plan, value)
      local id = ids[2] or ids[1]
      if owner and owner ~= id then
        return plan.base .. 'r:' .. id, string.sub(plan.index, 3), owner
      end
      settled[value] = id
    end
  end
end
