-- What goes with a record that is deleted, and what keeps it from being deleted.
--
-- kinds are the entities of a shard, relations what refers to the records of each:
-- the kind that does, its field and the index of it, and whether it goes with them.
-- written are the other writes of the same script: old and new values by record.

local room = 500 -- for how many records more can go in this call
local doomed, order = {}, {} -- what goes, by record and in the order in which it was found
local progress -- whether stale entries were removed
local full -- whether this call does no more

-- dependents returns what refers to a record by a relation and is not doomed yet, and
-- whether that is all. Entries of records that are gone are removed.
local function dependents(relation, id, most)
  local kind, list = kinds[relation.kind], {}
  enter(kind.tail)
  local index = 'i:' .. relation.index .. ':' .. id
  local found = call('ZREVRANGE', base .. index, 0, most - 1)
  for _, member in ipairs(found) do
    local record = base .. 'r:' .. member
    local write = written[record]
    if write then
      if write.new[relation.field] == id then
        list[#list + 1] = { kind = relation.kind, id = member, record = record, stays = true }
      end
    elseif not doomed[record] then
      local old = kind.named(read(record, kind.fields))
      if old[relation.field] == id then
        list[#list + 1] = { kind = relation.kind, id = member, record = record, old = old }
      else
        remove(index, member)
        progress = true
      end
    end
  end
  return list, #found < most
end

-- gather dooms all that goes with a record, and tells whether there was room.
local function gather(one)
  for _, relation in ipairs(relations[one.kind]) do
    if relation.cascade then
      local list, all = dependents(relation, one.id, room + 1)
      for _, child in ipairs(list) do
        if child.stays then
          one.partial = true
        elseif not doomed[child.record] then
          if room == 0 then
            one.partial = true
            return false
          end
          room = room - 1
          order[#order + 1] = child
          doomed[child.record] = child
          if not gather(child) then
            one.partial = true
            return false
          end
        end
      end
      if not all then
        one.partial = true
        return false
      end
    end
  end
  return true
end

-- holder returns a record that refers to one that is to go, and does not go with it,
-- and by which relation.
local function holder(one)
  for _, relation in ipairs(relations[one.kind]) do
    if one.partial or not relation.cascade then
      local list, all = dependents(relation, one.id, 1000)
      for _, child in ipairs(list) do
        if child.record ~= one.record then
          return child, relation
        end
      end
      if not all then
        return { id = '' }, relation
      end
    end
  end
end

-- spare takes back what was doomed from a place on, and says why.
local function spare(from, why, relation, child)
  for i = #order, from, -1 do
    doomed[order[i].record] = nil
    order[i] = nil
    room = room + 1
  end
  return { why, relation and tostring(relation.name), child and child.id }
end

-- thin takes from what is doomed, but not whole, what others refer to that stay for
-- now. It returns what refuses the deletion of all: a record of another entity.
local function thin(from)
  for pass = 1, 8 do
    local changed = false
    local first, last, step = from, #order, 1
    if pass % 2 == 0 then
      first, last, step = last, first, -1
    end
    for i = first, last, step do
      local one = order[i]
      if doomed[one.record] then
        local child, relation = holder(one)
        if child and not relation.cascade and relation.kind ~= one.kind then
          return relation, child
        elseif child then
          doomed[one.record] = nil
          changed = true
        end
      end
    end
    if not changed then
      return
    end
  end
  for i = from, #order do
    doomed[order[i].record] = nil
  end
end

-- plan has the entries of what is doomed leave their indexes.
local function plan(from)
  local kept = {}
  for i = from, #order do
    local one = order[i]
    if doomed[one.record] then
      local kind = kinds[one.kind]
      enter(kind.tail)
      kind.move(one.id, one.old, kind.named({}))
      if kind.expires ~= nil then
        remove('x', one.id)
        call('HLEN', base .. 'm') -- fails now if it is of another type
      end
      if kind.events then
        attend(kind.events)
      end
      kept[#kept + 1] = one
    end
  end
  for i = #order, from, -1 do
    order[i] = nil
  end
  for _, one in ipairs(kept) do
    order[#order + 1] = one
  end
  return #kept > 0
end

-- some plans as much of a deletion as there is room for: records to which none
-- refers that stays.
local function some(root, from)
  for _, relation in ipairs(relations[root.kind]) do
    local list = relation.cascade and {} or dependents(relation, root.id, 1000)
    for _, child in ipairs(list) do
      if child.record ~= root.record then
        return spare(from, 'REFERENCED', relation, child)
      end
    end
  end
  full = true
  doomed[root.record] = nil
  local relation, child = thin(from)
  if relation then
    return spare(from, 'REFERENCED', relation, child)
  end
  if plan(from) or progress then
    return { 'MORE' }
  end
  return { 'TANGLED' }
end

-- topple plans the deletion of all that goes with a record. It returns why the record
-- stays: REFERENCED relation id; MORE, if it has to be called again; TANGLED, if
-- there are too many that refer to each other; or NOTFOUND, if it has gone with
-- another.
local function topple(kind, record, id)
  if doomed[record] then
    return { 'NOTFOUND' }
  elseif full then
    return { 'MORE' }
  end
  local from = #order + 1
  local root = { kind = kind, id = id, record = record }
  doomed[record] = root
  local refused
  if gather(root) then
    local child, relation = holder(root)
    for i = from, #order do
      if child then
        break
      end
      child, relation = holder(order[i])
    end
    if child then
      refused = spare(from, 'REFERENCED', relation, child)
    else
      plan(from)
    end
  elseif from > 1 then
    refused = spare(from, 'MORE')
  else
    refused = some(root, from)
  end
  if refused then
    doomed[record] = nil
  end
  enter(kinds[kind].tail)
  return refused
end

-- fall deletes what is doomed, whose entries are gone.
local function fall()
  for _, one in ipairs(order) do
    local kind = kinds[one.kind]
    enter(kind.tail)
    if kind.events then
      announce(kind.events, kind.tell('delete', one.id, one.old, {}, one.old[kind.version]))
    end
    call('DEL', one.record)
    if kind.expires ~= nil then
      call('HDEL', base .. 'm', one.id)
    end
    if kind.far then
      kind.far(one.old, kind.named({}), function(index, was)
        if was then
          withdraw(index, was, one.id, one.old['^' .. index] or '0')
        end
      end)
    end
  end
end
