-- Sums of stored numbers. Integers are exact over all of 64 bits, which a
-- number of Lua, a double, is not: large ones are added in two halves.

-- halves splits a decimal integer into billions and the rest, both signed. The
-- base is given because miniredis takes a leading zero for octal without it.
local function halves(text)
  local sign, digits = string.match(text, '^(%-?)0*(%d+)$')
  if not digits or #digits > 20 then
    return nil
  end
  sign = sign == '-' and -1 or 1
  return sign * (tonumber(string.sub(digits, 1, -10), 10) or 0), sign * tonumber(string.sub(digits, -9), 10)
end

-- float returns decimal text as a number, nil if it is none. It is not tonumber
-- because that of miniredis does not read 1e+06; leading zeros go for its octal.
local function float(text)
  local mantissa = string.gsub(text, '[eE][+-]?%d+$', '')
  if string.find(mantissa, '^[+-]?%d+%.?%d*$') or string.find(mantissa, '^[+-]?%.%d+$') then
    return (string.gsub(text, '^([+-]?)0+(%d)', '%1%2')) + 0
  end
end

-- sum adds an amount to a stored number, both as text, and returns nil if
-- either is no number or the sum is not within low and high.
local function sum(kind, stored, amount, low, high)
  if kind == 'float' then
    local x = (float(stored) or 0 / 0) + float(amount)
    if x ~= x or x < float(low) or x > float(high) then
      return nil
    end
    return format('%.17g', x)
  end
  if #stored < 16 and #amount < 16 and not string.find(stored, '^%-?%d+$') then
    return nil
  elseif #stored < 16 and #amount < 16 then
    local x = tonumber(stored, 10) + tonumber(amount, 10)
    local fits = (#low > 18 or x >= tonumber(low, 10)) and (#high > 18 or x <= tonumber(high, 10))
    return fits and format('%.0f', x) or nil
  end
  local high1, low1 = halves(stored)
  if not high1 then
    return nil
  end
  local high2, low2 = halves(amount)
  local billions, rest = high1 + high2, low1 + low2
  if rest >= 1000000000 then
    billions, rest = billions + 1, rest - 1000000000
  elseif rest <= -1000000000 then
    billions, rest = billions - 1, rest + 1000000000
  end
  if billions > 0 and rest < 0 then
    billions, rest = billions - 1, rest + 1000000000
  elseif billions < 0 and rest > 0 then
    billions, rest = billions + 1, rest - 1000000000
  end
  local lowest1, lowest2 = halves(low)
  local highest1, highest2 = halves(high)
  if billions < lowest1 or billions == lowest1 and rest < lowest2
    or billions > highest1 or billions == highest1 and rest > highest2 then
    return nil
  end
  if billions == 0 then
    return format('%.0f', rest)
  end
  return format('%.0f%09.0f', billions, math.abs(rest))
end
