-- Decides requests, one after the other: each is admitted by all of its limits or counted by none.
--
-- ARGV: the keyspace; 1 to count, 0 to look only; and for each request how many limits it has and, for each of
-- them, whose key is the next of KEYS:
--   g, what is asked, what the limit holds: each in µs and nths of one, and n
--   w, what is asked, what the limit holds, the period in ms
-- Reply: the time in µs, and for each request 1 if it is admitted, else 0, and two numbers of each limit:
--   g: what is taken, in µs and nths of one
--   w: what was admitted in this window, and in the one before
--
-- A key holds, of g, the time in µs at which all has come back; if that is not a whole number, the nths of one more and n
-- follow. Of w, the number of the window, and what was admitted in it and in the one before. All numbers are integers less
-- than 2^53, of which 17 digits are exact.
local call, floor, format = redis.call, math.floor, string.format
local time = call('TIME')
local now = time[1] * 1000000 + time[2]
local counts = ARGV[2] == '1'
local at = 2

-- argument returns the next of ARGV.
local function argument()
  at = at + 1
  return ARGV[at]
end

local function number() return argument() + 0 end

-- bucket decides by GCRA. It returns whether the request is admitted; what is taken in either case; and the changes to the
-- key, if it is and if it is not.
local function bucket(key)
  local asked, asked_part, most, most_part, n = number(), number(), number(), number(), number()
  local taken, part, full = 0, 0, nil
  local back, back_part, back_n = string.match(call('GET', key) or '', '^(%d+) ?(%d*) ?(%d*)$')
  if back then
    taken = back - now
    if back_part ~= '' and back_n + 0 == n then
      part = back_part + 0
    elseif back_part ~= '' then -- of another rate
      taken = taken + 1
    end
  end
  if taken < 0 then
    taken, part = 0, 0
  end
  local function change(whole, nths)
    local value = format('%.0f', now + whole)
    if nths > 0 then
      value = value .. format(' %.0f %.0f', nths, n)
    end
    return { key, value, format('%.0f', floor((now + whole) / 1000) + 1) }
  end
  if taken > most or taken == most and part > most_part then -- the limit was higher, or the clock has gone back
    taken, part = most, most_part
    full = change(taken, part)
  end
  local whole, nths = taken + asked, part + asked_part
  if nths >= n then
    whole, nths = whole + 1, nths - n
  end
  if whole > most or whole == most and nths > most_part then
    return false, taken, part, nil, nil, nil, full
  end
  return true, taken, part, whole, nths, change(whole, nths), full
end

-- window decides by a sliding window counter, and returns the same.
local function window(key)
  local asked, most, ms = number(), number(), number()
  local clock = floor(now / 1000)
  local index = floor(clock / ms)
  local this, before, moved = 0, 0, nil
  local last, in_last, in_before = string.match(call('GET', key) or '', '^(%d+) (%d+) (%d+)$')
  if last and last + 0 >= index then
    this, before = math.min(in_last, most), math.min(in_before, most)
  elseif last and last + 1 == index then
    before = math.min(in_last, most)
  end
  local function change(count)
    return { key, format('%.0f %.0f %.0f', index, count, before), format('%.0f', (index + 2) * ms) }
  end
  if last and last + 0 > index then -- the clock has gone back
    moved = change(this)
  end
  local room = most - this - asked
  if room < 0 or before * (index * ms + ms - clock) > room * ms then
    return false, this, before, nil, nil, nil, moved
  end
  return true, this, before, this + asked, before, change(this + asked), moved
end

local reply = { now }
local next_key = 0
while at < #ARGV do
  local all, states, changes, repairs = true, {}, {}, {}
  for i = 1, number() do
    next_key = next_key + 1
    local decide = window
    if argument() == 'g' then
      decide = bucket
    end
    local admitted, a, b, new_a, new_b, change, repair = decide(KEYS[next_key])
    all = all and admitted
    states[i] = { a, b, new_a, new_b }
    changes[#changes + 1] = change
    repairs[#repairs + 1] = repair
  end
  reply[#reply + 1] = all and 1 or 0
  for _, state in ipairs(states) do
    local first = all and counts and 3 or 1
    reply[#reply + 1] = state[first]
    reply[#reply + 1] = state[first + 1]
  end
  if counts then
    for _, change in ipairs(all and changes or repairs) do
      call('SET', change[1], change[2], 'PXAT', change[3])
    end
  end
end
return reply
