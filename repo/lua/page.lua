-- Reads a page of records in the order of an index.
--
-- KEYS[1]  the index
-- ARGV[1]  the keyspace
-- ARGV[2]  score or lex
-- ARGV[3]  the lower bound, ARGV[4] the upper one
-- ARGV[5]  1 for descending order
-- ARGV[6]  the score, ARGV[7] the member after which the page begins; both ""
--   for the first page
-- ARGV[8]  how many records, ARGV[9] how many entries to look at, at most
-- ARGV[10] 1 if records expire
-- ARGV[11] which of the fields to read is there if the record is
-- then the fields to read
--
-- Returns 1 if there are more, the score and the member at which the page
-- ends, how many entries had no record, and the values of each record. Entries
-- without a record are removed.

local index = KEYS[1]
local lex, reverse = ARGV[2] == 'lex', ARGV[5] == '1'
local low, high = ARGV[3], ARGV[4]
local score, member = ARGV[6], ARGV[7]
local limit, budget = tonumber(ARGV[8]), tonumber(ARGV[9])
local key = tonumber(ARGV[11])

-- less compares bytes; the operator would compare by the server's locale.
local function less(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then
      return x < y
    end
  end
  return #a < #b
end

-- before returns how many entries come before the cursor in ascending order,
-- and whether the cursor's own entry is still there. If not, its place among
-- the entries of the same score is found by halving.
local function before()
  local found = call('ZSCORE', index, member)
  if found == score then
    return call('ZRANK', index, member), true
  end
  -- the embedded store takes (-inf for -inf
  local from = score == '-inf' and 0 or call('ZCOUNT', index, '-inf', '(' .. score)
  local to = from + call('ZCOUNT', index, score, score)
  while from < to do
    local middle = floor((from + to) / 2)
    if less(call('ZRANGE', index, middle, middle)[1], member) then
      from = middle + 1
    else
      to = middle
    end
  end
  return from, false
end

-- below returns how many entries of the index come before a lower bound.
local function below(bound)
  if bound == '-inf' then
    return 0
  end
  local open = string.sub(bound, 1, 1) == '('
  return call('ZCOUNT', index, '-inf', open and string.sub(bound, 2) or '(' .. bound)
end

-- What is left to read: between two members, or two ranks in ascending order.
local first, last
if lex then
  if member ~= '' then
    if reverse then high = '(' .. member else low = '(' .. member end
  end
else
  first = below(low)
  last = (high == '+inf' and call('ZCARD', index) or call('ZCOUNT', index, '-inf', high)) - 1
  if score ~= '' then
    local rank, there = before()
    if reverse then
      last = math.min(last, rank - 1)
    else
      first = math.max(first, there and rank + 1 or rank)
    end
  end
end

-- fetch returns the next entries: their members, and their scores if they
-- have one.
local function fetch(count)
  if lex then
    local members
    if reverse then
      members = call('ZREVRANGEBYLEX', index, high, low, 'LIMIT', 0, count)
      high = '(' .. (members[#members] or '')
    else
      members = call('ZRANGEBYLEX', index, low, high, 'LIMIT', 0, count)
      low = '(' .. (members[#members] or '')
    end
    return members, {}
  end
  local from, to = first, math.min(first + count - 1, last)
  if reverse then
    from, to = math.max(first, last - count + 1), last
  end
  if from > to then
    return {}, {}
  end
  local list = call('ZRANGE', index, from, to, 'WITHSCORES')
  local members, scores = {}, {}
  for i = 1, #list, 2 do
    local at = reverse and (#list - i + 1) / 2 or (i + 1) / 2
    members[at], scores[at] = list[i], list[i + 1]
  end
  if reverse then last = from - 1 else first = to + 1 end
  return members, scores
end

local function id_of(entry)
  return lex and string.match(entry, '%z(.*)$') or entry
end

local page = { 0, score, member, 0 }
local gone = {}
local examined, found = 0, 0
repeat
  local count = math.min(limit - found + 1, budget - examined)
  local members, scores = fetch(count)
  for i, entry in ipairs(members) do
    local record = ARGV[1] .. 'r:' .. id_of(entry)
    local values = found < limit and read(record, ARGV, 12)
    if values and values[key] then
      found = found + 1
      page[4 + found] = values
    elseif not values and call('EXISTS', record) == 1 then
      page[1] = 1
      break
    else
      gone[#gone + 1] = entry
    end
    page[2], page[3] = scores[i] or '0', entry
  end
  examined = examined + #members
  if #members == count and examined == budget then
    page[1] = 1
  end
until page[1] == 1 or #members < count

page[4] = #gone
for _, entry in ipairs(gone) do
  call('ZREM', index, entry)
  if ARGV[10] == '1' then
    release(id_of(entry))
  end
end
return page
