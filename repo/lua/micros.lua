-- micros returns a stored time as µs since 1970, the score of its index:
-- stamp turned round (days_from_civil, same source). Text that is no time has
-- the score of an absent field.
local function micros(text)
  local year, month, day, hour, minute, second, rest =
    string.match(text, '^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)%.(%d%d%d%d%d%d)Z$')
  if not year then
    return '-inf'
  end
  month = tonumber(month)
  year = month <= 2 and year - 1 or tonumber(year)
  local era = floor(year / 400)
  local yoe = year - era * 400
  local doy = floor((153 * (month > 2 and month - 3 or month + 9) + 2) / 5) + day - 1
  local days = era * 146097 + yoe * 365 + floor(yoe / 4) - floor(yoe / 100) + doy - 719468
  return format('%.0f', (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000000 + rest)
end
