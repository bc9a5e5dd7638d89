-- Conditions on records, in prefix notation among the arguments:
--   and n …, or n …, not …     joined conditions
--   nil field                  the field is absent
--   in field n value …         the field is one of the values
--   numbers field n value …    the same of numbers
--   any field n value …        the field is a slice that has one of the values
--   prefix field value         the field begins with the value
--   number field low high      bounds: "" none, else [ or ( and the value; also
--   time, bytes, integer         of times, of strings, of integers of 64 bits
--   circle field lat lon m     the point is so many meters away at most
--   box field s w n e          the point is between two latitudes and longitudes
-- A field is two positions in the values that are read for conditions: the first
-- is the value that indexes see, where it is kept apart, the second the value.

-- work is how much was done, in about a quarter of a microsecond.
local work = 0

-- key_of returns a key for a number in a table. It is text where the embedded
-- store would take the number for the size of an array.
local function key_of(value)
  return floor(value) == value and math.abs(value) < 2 ^ 53 and format('%.0f', value) or value
end

-- What a range compares: of text that a field of that kind cannot have, nothing.
local comparable = {
  number = function(text)
    if string.find(text, '^%-?%d+%.?%d*$') or string.find(text, '^%-?%d+%.?%d*[eE][+-]?%d+$') then
      return text + 0
    end
  end,
  time = function(text)
    local at = micros(text)
    return at ~= '-inf' and at + 0 or nil
  end,
  bytes = function(text) return text end,
  integer = lexint,
}

local function numerically(a, b)
  return a < b
end

-- range returns the test of a value between two bounds.
local function range(kind, low, high)
  local convert = comparable[kind]
  local before = (kind == 'bytes' or kind == 'integer') and less or numerically
  local least = low ~= '' and convert(string.sub(low, 2))
  local most = high ~= '' and convert(string.sub(high, 2))
  local least_open, most_open = string.sub(low, 1, 1) == '(', string.sub(high, 1, 1) == '('
  return function(text)
    local value = convert(text)
    if not value then
      return false
    end
    if least and (before(value, least) or least_open and not before(least, value)) then
      return false
    end
    return not (most and (before(most, value) or most_open and not before(value, most)))
  end
end

-- tests make the test of a value that is there.
local tests = {
  ['in'] = function()
    local set = {}
    for _ = 1, tonumber(take()) do
      set[take()] = true
    end
    return function(text) return set[text] == true end
  end,
  numbers = function()
    local set = {}
    for _ = 1, tonumber(take()) do
      set[key_of(take() + 0)] = true
    end
    return function(text)
      local value = comparable.number(text)
      return value ~= nil and set[key_of(value)] == true
    end
  end,
  any = function()
    local set = {}
    for _ = 1, tonumber(take()) do
      set[take()] = true
    end
    return function(text)
      work = work + 10
      for element in pairs(members(text)) do
        if set[element] then
          return true
        end
      end
      return false
    end
  end,
  circle = function()
    local lat, lon, meters = take() + 0, take() + 0, take() + 0
    return function(text)
      local y, x = point(text)
      return y ~= nil and distance(lat, lon, y, x) <= meters
    end
  end,
  box = function()
    local south, west, north, east = take() + 0, take() + 0, take() + 0, take() + 0
    return function(text)
      local y, x = point(text)
      if not y or y < south or y > north then
        return false
      elseif west <= east then
        return x >= west and x <= east
      end
      return x >= west or x <= east
    end
  end,
  prefix = function()
    local start = take()
    return function(text) return string.sub(text, 1, #start) == start end
  end,
}

-- condition takes a condition and returns its test, a function of the values of
-- a record.
local function condition()
  local op = take()
  if op == 'and' or op == 'or' then
    local decisive, parts = op == 'or', {}
    for i = 1, tonumber(take()) do
      parts[i] = condition()
    end
    return function(values)
      for _, part in ipairs(parts) do
        if part(values) == decisive then
          return decisive
        end
      end
      return not decisive
    end
  elseif op == 'not' then
    local part = condition()
    return function(values) return not part(values) end
  end
  local seen, plain = tonumber(take()), tonumber(take())
  if op == 'nil' then
    return function(values) return not values[plain] end
  end
  local test
  if tests[op] then
    test = tests[op]()
  else
    test = range(op, take(), take())
  end
  return function(values)
    work = work + 2
    local text = values[seen] or values[plain]
    return text and test(text) or false
  end
end
