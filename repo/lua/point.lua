-- point returns the latitude and the longitude of a stored point.
local function point(text)
  local lat, lon = string.match(text, '^(%-?%d+%.?%d*),(%-?%d+%.?%d*)$')
  if lat then
    return lat + 0, lon + 0
  end
end

-- distance returns how many meters lie between two points: Point.Distance.
local function distance(lat1, lon1, lat2, lon2)
  local radian = 180 / math.pi
  local u = math.sin((lat2 - lat1) / 2 / radian)
  local v = math.sin((lon2 - lon1) / 2 / radian)
  local h = u * u + math.cos(lat1 / radian) * math.cos(lat2 / radian) * v * v
  return 2 * 6372797.560856 * math.asin(math.sqrt(math.min(h, 1)))
end
