-- What the changes of one entity tell.

local ops = { create = 'created', save = 'updated', update = 'updated', patch = 'updated', delete = 'deleted' }

-- tell returns the event of a change from old to new values; nil of a touch, which
-- changes none.
local function tell(op, id, old, new, number)
  local what = ops[op]
  if not what then
    return nil
  elseif op == 'save' and not old[fields[1]] then
    what = 'created'
  end
  local changed, values = {}, op == 'delete' and old or new
  if op ~= 'delete' then
    for _, name in ipairs(watched) do
      if old[name] ~= new[name] then
        changed[#changed + 1] = name
      end
    end
  end
  local event = {
    'op', what, 'id', id, 'version', number or '', 'fields', table.concat(changed, ','), 'at', format('%.0f', tonumber(clock) or now()),
  }
  for _, name in ipairs(told) do
    if values[name] then
      event[#event + 1] = '.' .. name
      event[#event + 1] = values[name]
    end
  end
  return event
end
