-- How many entries are sorted at most.
local most = 500

-- away returns how many meters the record of an id is away from the point of a
-- plan, as text; nothing if that is more than is asked for.
local function away(plan, id)
  local value = read(base .. 'r:' .. id, { names[plan.plain] })
  local y, x = point(value and value[1] or '')
  local meters = y and distance(plan.lat, plan.lon, y, x)
  return meters and meters <= plan.most and format('%.17g', meters)
end

-- sorted returns a function that returns the entries of sources in an order that
-- is not theirs, each once: source, entry, score, member. All are read first, so
-- that they must be few.
local function sorted(plan)
  local ids, source_of, entry_of = {}, {}, {}
  for _, source in ipairs(plan) do
    open(source)
    ahead(source, most)
    for _, entry in ipairs(source.members) do
      local id = id_of(source, entry)
      if not source_of[id] then
        ids[#ids + 1] = id
        source_of[id], entry_of[id] = source, entry
      end
    end
  end

  -- The ids by score, and within one score by member; those without are left out.
  local values, buckets, ids_of = {}, {}, {}
  local scores = plan.by == 'score' and #ids > 0 and call('ZMSCORE', plan.key, unpack(ids))
  for i, id in ipairs(ids) do
    local text, entry = '0', id
    if scores then
      text = scores[i]
    elseif plan.by == 'distance' then
      text = away(plan, id)
    elseif plan.by ~= 'id' then
      local value = read(base .. 'r:' .. id, { names[plan.seen], names[plan.plain] })
      value = value and (value[1] or value[2])
      entry = value and lexmember(plan.by == 'integer' and lexint(value) or value, id)
    end
    if text and entry then
      local value = number(text)
      local key = key_of(value)
      if not buckets[key] then
        values[#values + 1] = value
        buckets[key] = { score = text }
      end
      table.insert(buckets[key], entry)
      ids_of[entry] = id
    end
  end
  table.sort(values)

  local at, bucket, place, step = 0, {}, 1, 0
  local begin = score ~= '' and number(score)
  local function turn() -- to the next bucket
    at = at + 1
    local value = values[reverse and #values + 1 - at or at]
    bucket = value and buckets[key_of(value)]
    if bucket then
      if bytewise then
        table.sort(bucket)
      else
        table.sort(bucket, less)
      end
      place, step = 1, 1
      if reverse then
        place, step = #bucket, -1
      end
    end
    return value
  end
  return function()
    while bucket do
      local entry = bucket[place]
      if not entry then
        local value = turn()
        while begin and value and value ~= begin and (value < begin) ~= reverse do
          value = turn()
        end
        if begin and value and value ~= begin then
          begin = nil -- all that follow are behind the beginning
        end
      else
        place = place + step
        local early = begin and (entry == member and skip or entry ~= member and less(entry, member) ~= reverse)
        if not early then
          local id = ids_of[entry]
          return source_of[id], entry_of[id], bucket.score, entry
        end
      end
    end
  end
end
