-- micros returns a stored time as µs since 1970, the score of its index:
-- stamp turned round (days_from_civil, same source). Text that is no time has
-- the score of an absent field.
--
-- tonumber is told the base: without it, miniredis takes a leading zero for octal.
local function micros(text)
  local year, month, day, hour, minute, second, rest =
    string.match(text, '^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)%.(%d%d%d%d%d%d)Z$')
  if not year then
    return '-inf'
  end
  year, month, day = tonumber(year, 10), tonumber(month, 10), tonumber(day, 10)
  hour, minute, second = tonumber(hour, 10), tonumber(minute, 10), tonumber(second, 10)
  if month <= 2 then
    year = year - 1
  end
  local yoe = year % 400
  local doy = floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + day - 1
  local days = (year - yoe) / 400 * 146097 + yoe * 365 + floor(yoe / 4) - floor(yoe / 100) + doy - 719468
  return format('%.0f', (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000000 + tonumber(rest, 10))
end
