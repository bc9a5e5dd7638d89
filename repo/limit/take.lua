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
-- than 2^53. A command gets 17 digits of a number, which are all.
local ARGV = ARGV
local call, floor, format = redis.call, math.floor, string.format
local time = call('TIME')
local now = time[1] * 1000000 + time[2]

-- bucket decides by GCRA, with the arguments behind the first. It returns whether the request is admitted; what is taken now,
-- and if it is; and whether that is less than the key says.
local function bucket(key, first)
  local most, most_part, n = ARGV[first + 3] + 0, ARGV[first + 4] + 0, ARGV[first + 5] + 0
  local taken, part, less = 0, 0, false
  local state = call('GET', key)
  if state then
    local back = tonumber(state)
    if not back then
      local back_part, back_n
      back, back_part, back_n = string.match(state, '^(%d+) (%d+) (%d+)$')
      part = back_part + 0
      if back_n + 0 ~= n then -- of another rate
        back, part = back + 1, 0
      end
    end
    taken = back - now
    if taken < 0 then
      taken, part = 0, 0
    elseif taken > most or taken == most and part > most_part then -- the limit was higher, or the clock has gone back
      taken, part, less = most, most_part, true
    end
  end
  local whole, nths = taken + ARGV[first + 1], part + ARGV[first + 2]
  if nths >= n then
    whole, nths = whole + 1, nths - n
  end
  return whole < most or whole == most and nths <= most_part, taken, part, whole, nths, less
end

-- keep_bucket stores what is taken.
local function keep_bucket(key, first, whole, nths)
  local back = now + whole
  local value = back
  if nths > 0 then
    value = format('%.0f %.0f ', back, nths) .. ARGV[first + 5]
  end
  call('SET', key, value, 'PXAT', floor(back / 1000) + 1)
end

-- window decides by a sliding window counter, and returns the same of what was admitted.
local function window(key, first)
  local asked, most, ms = ARGV[first + 1] + 0, ARGV[first + 2] + 0, ARGV[first + 3] + 0
  local clock = floor(now / 1000)
  local index = floor(clock / ms)
  local this, before, back = 0, 0, false
  local state = call('GET', key)
  if state then
    local last, in_last, in_before = string.match(state, '^(%d+) (%d+) (%d+)$')
    if last + 0 >= index then
      back = last + 0 > index -- the clock has gone
      this, before = math.min(in_last, most), math.min(in_before, most)
    elseif last + 1 == index then
      before = math.min(in_last, most)
    end
  end
  local room = most - this - asked
  return room >= 0 and before * ((index + 1) * ms - clock) <= room * ms, this, before, this + asked, before, back
end

-- keep_window stores what was admitted.
local function keep_window(key, first, this, before)
  local ms = ARGV[first + 3] + 0
  local index = floor(floor(now / 1000) / ms)
  call('SET', key, format('%.0f %.0f %.0f', index, this, before), 'PXAT', (index + 2) * ms)
end

local reply, counts = { now }, ARGV[2] == '1'
local at, key = 3, 0 -- of what comes next
local decided = {} -- of each limit of a request: where its arguments are, and what bucket or window has returned
while ARGV[at] do
  local limits, all = ARGV[at] + 0, true
  at = at + 1
  for i = 1, limits do
    local d = decided[i] or {}
    decided[i], d.first = d, at
    if ARGV[at] == 'g' then
      d.admitted, d.a, d.b, d.new_a, d.new_b, d.less = bucket(KEYS[key + i], at)
      at = at + 6
    else
      d.admitted, d.a, d.b, d.new_a, d.new_b, d.less = window(KEYS[key + i], at)
      at = at + 4
    end
    all = all and d.admitted
  end
  reply[#reply + 1] = all and 1 or 0
  for i = 1, limits do
    local d = decided[i]
    if all then
      d.a, d.b = d.new_a, d.new_b
    end
    if counts and (all or d.less) then
      local keep = keep_window
      if ARGV[d.first] == 'g' then
        keep = keep_bucket
      end
      keep(KEYS[key + i], d.first, d.a, d.b)
    end
    reply[#reply + 1] = d.a
    reply[#reply + 1] = d.b
  end
  key = key + limits
end
return reply
