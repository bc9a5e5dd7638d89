-- A source is the part of an index between two bounds, read in one direction:
--   key        of the index
--   by         score, lex, value: a unique index, whose one value is low, or id:
--              no index, low is the id
--   low, high  as ZCOUNT and ZLEXCOUNT take them
-- and while it is read:
--   first, left      of score: the next rank in the direction, and how many
--                    entries there are at most
--   members, scores  entries read ahead; next is the first that is not used up
--   ended            there are no more behind these

-- The commands for a direction.
local rank_of, by_rank, by_lex = 'ZRANK', 'ZRANGE', 'ZRANGEBYLEX'
if reverse then
  rank_of, by_rank, by_lex = 'ZREVRANK', 'ZREVRANGE', 'ZREVRANGEBYLEX'
end

-- size returns how many entries a source has.
local function size(source)
  if source.by == 'value' or source.by == 'id' then
    return 1
  elseif source.low == '-inf' and source.high == '+inf' or source.low == '-' and source.high == '+' then
    return call('ZCARD', source.key)
  end
  return call(source.by == 'lex' and 'ZLEXCOUNT' or 'ZCOUNT', source.key, source.low, source.high)
end

-- earlier returns how many entries of an index come before a bound in the
-- direction, and leaves out those that are the bound itself if it is given as
-- included.
local function earlier(key, bound)
  if bound == '-inf' or bound == '+inf' then
    return 0
  end
  local open = string.sub(bound, 1, 1) == '('
  local limit = open and string.sub(bound, 2) or '(' .. bound
  if reverse then
    return call('ZCOUNT', key, limit, '+inf')
  end
  return call('ZCOUNT', key, '-inf', limit)
end

-- behind returns how many entries come before the place where the page begins.
-- If its entry is gone, the place among the entries of the same score is found
-- by halving.
local function behind(key)
  local there = call('ZSCORE', key, member)
  if there and number(there) == number(score) then
    return call(rank_of, key, member) + (skip and 1 or 0)
  end
  local ties = call('ZCOUNT', key, score, score)
  local from = call('ZCOUNT', key, '-inf', score) - ties
  if reverse then
    from = call('ZCARD', key) - from - ties
  end
  local to = from + ties
  while from < to do
    local middle = floor((from + to) / 2)
    local found = call(by_rank, key, middle, middle)[1]
    if reverse and less(member, found) or not reverse and less(found, member) then
      from = middle + 1
    else
      to = middle
    end
  end
  return from
end

-- open prepares a source for reading from its beginning or, if after is given,
-- from where the page begins.
local function open(source, after)
  source.members, source.next = {}, 1
  if source.by == 'score' then
    local near = reverse and source.high or source.low
    local far = reverse and source.low or source.high
    source.first = earlier(source.key, near)
    source.left = math.huge
    if far ~= '+inf' and far ~= '-inf' then
      source.left = call('ZCOUNT', source.key, source.low, source.high)
    end
    if after and score ~= '' then
      local rank = math.max(source.first, behind(source.key))
      source.left = source.left - (rank - source.first)
      source.first = rank
    end
  elseif source.by == 'lex' and after and score ~= '' then
    local side = reverse and 'high' or 'low'
    local bound = string.sub(source[side], 2)
    local outside = source[side] == '-' or source[side] == '+' or bound ~= member and less(bound, member) ~= reverse
    if outside or bound == member and skip then -- else the source begins later
      source[side] = (skip and '(' or '[') .. member
    end
  end
end

-- ahead reads up to so many entries ahead, with their scores or without.
local function ahead(source, count, scored)
  source.members, source.scores, source.next = {}, {}, 1
  if source.by == 'value' then
    source.members[1] = call('HGET', source.key, source.low) or nil
    source.ended = true
  elseif source.by == 'id' then
    source.members[1] = source.low
    source.ended = true
  elseif source.by == 'lex' then
    source.members = call(by_lex, source.key, reverse and source.high or source.low, reverse and source.low or source.high, 'LIMIT', 0, count)
    local bound = '(' .. (source.members[#source.members] or '')
    if reverse then
      source.high = bound
    else
      source.low = bound
    end
    source.ended = #source.members < count
  else
    count = math.min(count, source.left)
    if count > 0 and scored then
      local list = call(by_rank, source.key, source.first, source.first + count - 1, 'WITHSCORES')
      for i = 1, #list, 2 do
        source.members[(i + 1) / 2], source.scores[(i + 1) / 2] = list[i], list[i + 1]
      end
    elseif count > 0 then
      source.members = call(by_rank, source.key, source.first, source.first + count - 1)
    end
    source.first, source.left = source.first + count, source.left - count
    source.ended = #source.members < count or source.left <= 0
  end
end

-- id_of returns the id that an entry of a source stands for.
local function id_of(source, entry)
  return source.by == 'lex' and string.match(entry, '%z(.*)$') or entry
end

-- forget removes an entry whose record is gone, and tells whether it could.
local function forget(source, entry, expires)
  local id, removed = id_of(source, entry), 0
  if source.by == 'id' then
    return false
  elseif source.by ~= 'value' then
    removed = call('ZREM', source.key, entry)
  elseif call('HGET', source.key, source.low) == id then
    removed = call('HDEL', source.key, source.low)
  end
  if expires and type(removed) == 'number' then
    release(id)
  end
  return type(removed) == 'number'
end
