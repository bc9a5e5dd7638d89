-- The entries of a geo index by their distance from a point: a best-first search
-- of the tree of squares that scores make of the map. Scores of a square are
-- without a gap; its quarters are a quarter of them each.

local globe = math.pi * 6372797.560856

-- east_of returns how many degrees one has to turn east from one meridian to
-- another, or west if that is less: then it is negative.
local function east_of(from, to)
  return (to - from + 540) % 360 - 180
end

-- least returns how far a point is at least from a square, in meters.
local function least(lat, lon, square)
  if lon >= square.west and lon <= square.east then
    return distance(lat, lon, math.max(square.south, math.min(lat, square.north)), lon)
  end
  local side, turn = square.west, east_of(lon, square.west)
  local east = east_of(lon, square.east)
  if math.abs(east) < math.abs(turn) then
    side, turn = square.east, east
  end
  if math.abs(turn) > 90 then
    return math.min(distance(lat, lon, square.south, side), distance(lat, lon, square.north, side))
  end
  local radian = 180 / math.pi
  local foot = radian * math.atan2(math.sin(lat / radian), math.cos(lat / radian) * math.cos(turn / radian))
  return distance(lat, lon, math.max(square.south, math.min(foot, square.north)), side)
end

-- quarters returns the four squares that one consists of.
local function quarters(square)
  local lat, lon, size = (square.south + square.north) / 2, (square.west + square.east) / 2, square.size / 4
  local list = {}
  for i = 0, 3 do
    local north, east = i % 2 == 1, i >= 2
    list[i + 1] = {
      low = square.low + i * size, size = size,
      south = north and lat or square.south, north = north and square.north or lat,
      west = east and lon or square.west, east = east and square.east or lon,
    }
  end
  return list
end

-- The squares to begin with: the map, and its eastern and northern edge, which
-- have scores of their own.
local function map()
  local lat, lon = 85.05112878, 180
  return {
    { low = 0, size = 2 ^ 52, south = -lat, north = lat, west = -lon, east = lon },
    { low = 2 ^ 52, size = 2 ^ 53 - 2 ^ 52, south = lat, north = lat, west = -lon, east = lon },
    { low = 2 ^ 53, size = 2 ^ 54 - 2 ^ 53, south = -lat, north = lat, west = lon, east = lon },
  }
end

-- nearest returns a function that returns the entries of an index one by one:
-- source, entry, distance, id. It returns nothing when there are no more, or, with
-- the distance at which to go on, when it has done enough for one call.
local function nearest(plan)
  local source, looks, returned = plan[1], 0, false
  local lat, lon = plan.lat, plan.lon
  local begin = score ~= '' and number(score)
  local heap = {}

  -- before tells which of two comes first: by distance, and entries by id.
  local function before(a, b)
    if a.away ~= b.away then
      return (a.away < b.away) ~= reverse
    elseif not a.id or not b.id then
      return not a.id
    end
    return a.id ~= b.id and less(a.id, b.id) ~= reverse
  end
  -- consider puts a square in its place, unless all of it is before the beginning
  -- or farther than is asked for. Distances are wrong by less than the margin.
  local function consider(square)
    local near = least(lat, lon, square)
    local far = globe - least(-lat, lon > 0 and lon - 180 or lon + 180, square)
    near = math.max(0, near * (1 - 1e-7) - 1e-3)
    far = far + (globe - far) * 1e-7 + 2
    square.away = reverse and far or near
    if near <= plan.most and not (begin and (reverse and near > begin or not reverse and far < begin)) then
      push(heap, square, before)
    end
  end
  -- enter puts an entry in its place, if its record has a point.
  local function enter(id)
    local value = read(base .. 'r:' .. id, { names[1], names[plan.plain] })
    local y, x = point(value and value[2] or '')
    local away = y and distance(lat, lon, y, x)
    if not (value and value[1]) then
      gone[#gone + 1] = { source, id }
      return
    elseif not away or away > plan.most then
      return
    elseif begin then
      local ahead_of = away ~= begin and (away < begin) ~= reverse
        or away == begin and (id == member and skip or id ~= member and less(id, member) ~= reverse)
      if ahead_of then
        return
      end
    end
    push(heap, { away = away, id = id }, before)
  end

  for _, square in ipairs(map()) do
    consider(square)
  end
  return function()
    while #heap > 0 do
      local top = pop(heap, before)
      if top.id then
        returned = true
        return source, top.id, format('%.17g', top.away), top.id
      elseif looks > 1000 and returned then
        return nil, format('%.17g', top.away)
      end
      local low, high = format('%.0f', top.low), format('%.0f', top.low + top.size - 1)
      local n = call('ZCOUNT', source.key, low, high)
      looks = looks + 1
      if n > 0 and (n <= 16 or top.size <= 1 or top.low >= 2 ^ 52) then
        for _, id in ipairs(call('ZRANGEBYSCORE', source.key, low, high)) do
          enter(id)
        end
        looks = looks + n
      elseif n > 0 then
        for _, quarter in ipairs(quarters(top)) do
          consider(quarter)
        end
      end
    end
  end
end
