-- stamp returns µs since 1970 as stored: 2006-01-02T15:04:05.000000Z. The
-- calendar is Howard Hinnant's civil_from_days,
-- https://howardhinnant.github.io/date_algorithms.html
local function stamp(us)
  local micro = us % 1000000
  local seconds = (us - micro) / 1000000
  if us > 9007199254740992 then -- past what is exact in µs, as an expiry can be: whole ms
    local ms = floor(us / 1000 + 0.5)
    micro = ms % 1000 * 1000
    seconds = floor(ms / 1000)
  end
  local rest = seconds % 86400
  local days = (seconds - rest) / 86400 + 719468
  local doe = days % 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + (days - doe) / 146097 * 400 + (month <= 2 and 1 or 0)
  local second = rest % 60
  local minute = (rest - second) / 60 % 60
  return format('%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', year, month, doy - floor((153 * mp + 2) / 5) + 1,
    floor(rest / 3600), minute, second, micro)
end
