-- Writes records of several entities of one shard, all or none.
--
-- KEYS     the records that are written, and then those that were read; last, the stream
--   of an event that is acknowledged
-- ARGV[1]  <prefix>{<tag of the shard>}
-- ARGV[2]  tx; ack, if an event is acknowledged as well
-- ARGV[3]  the time, as for write.lua
-- ARGV[4]  the token of this transaction
-- ARGV[5]  "", or how many µs ago at most it was sent before
-- ARGV[6]  how many groups of writes there are, of one entity and operation each
-- then for each group: the kind, the operation, how many records and arguments, and
--   the arguments of the records, as write.lua takes them
-- then for each record that was read: what is expected: "-" none, "+" any, a
--   version, a version and @ and when the record was created, or # and the SHA-1 of
--   the fields; how many fields tell, and their names, a key field first
-- then of an event: its group, the consumer, and the ID
--
-- Returns a list: OK; GONE, if the event is not pending of the consumer; CHANGED, if a
-- record is not as expected; FAILED; CLAIM, if values have to be claimed first; or
-- UNCERTAIN. Then for the records up to the one that failed what write.lua returns.

local keys, args = KEYS, ARGV
local groups, replies, place = {}, { 'OK' }, {} -- place: in replies, by record
local falling, needed = {}, {}
local first = 7 -- of the arguments that come next
local count = 0 -- of records that are written
local stream = op == 'ack' and table.remove(keys)
local group_name, consumer, event = unpack(args, #args - 2)

-- Deletions and references are looked at when all writes are planned.
fell = function(record, id)
  falling[#falling + 1] = { record = record, id = id }
end

orphan = function(record, old, new, parents)
  parents(old, new, function(field, tail, was, is)
    local parent = is and shard .. tail .. 'r:' .. is
    if parent and is ~= was and parent ~= record then
      needed[#needed + 1] = { record = record, field = field, id = is, parent = parent }
    end
  end)
end

-- with enters the keyspace of a group, with its keys and arguments.
local function with(group)
  enter(group.kind.tail)
  op, KEYS, ARGV = group.op, group.keys, group.args
end

-- group takes the next group of writes from the arguments.
local function take_group()
  local kind, n, size = tonumber(args[first]), tonumber(args[first + 2]), tonumber(args[first + 3])
  local group = { kind = kinds[kind], op = args[first + 1], keys = {}, args = { base, args[first + 1], clock } }
  if group.kind.retry then
    group.args[4], group.args[5] = args[4], args[5]
  end
  for i = 1, n do
    count = count + 1
    group.keys[i] = keys[count]
    place[keys[count]] = count + 1
  end
  for i = first + 4, first + 3 + size do
    table.insert(group.args, args[i])
  end
  first = first + 4 + size
  group.number = kind
  groups[#groups + 1] = group
end

-- differs tells whether a record that was read is not as expected.
local function differs(record, expected, names)
  local found = read(record, names)
  if expected == '-' or expected == '+' or not found[1] then
    return (expected == '-') == (found[1] and true or false)
  elseif string.sub(expected, 1, 1) == '#' then
    local parts = {}
    for i, value in ipairs(found) do
      parts[i] = value and #value .. ':' .. value or '-'
    end
    return expected ~= '#' .. redis.sha1hex(table.concat(parts))
  end
  local version = found[2] or '0'
  return expected ~= (names[3] and version .. '@' .. (found[3] or '') or version)
end

-- changed tells whether any record that was read is not as expected.
local function changed()
  local at = first
  for i = count + 1, #keys do
    local last = at + 1 + args[at + 1]
    if differs(keys[i], args[at], { unpack(args, at + 2, last) }) then
      return true
    end
    at = last + 1
  end
end

-- fails leaves the reply of a record that cannot be written.
local function fails(record, reply)
  replies[1] = 'FAILED'
  for i = #replies, place[record], -1 do
    replies[i] = nil
  end
  for i = 2, place[record] - 1 do -- none of which is written, also if it lacked a claim
    replies[i] = { 'OK' }
  end
  replies[place[record]] = reply
  return replies
end

-- prepare has each group check and plan its writes, and returns how many were carried
-- out when they were sent before.
local function prepare()
  local before = 0
  for _, group in ipairs(groups) do
    with(group)
    local from = #falling + 1
    local answers, writes, carry = group.kind.plan()
    group.carry = carry
    before = before - #writes
    for i, answer in ipairs(answers) do
      if answer[1] == 'OK' then
        before = before + 1
      elseif answer[1] == 'CLAIM' then
        replies[1] = 'CLAIM'
      else
        fails(group.keys[i], answer)
        return before
      end
      replies[#replies + 1] = answer
    end
    for _, w in ipairs(writes) do
      written[w.record] = { new = w.new, gone = group.op == 'delete' }
    end
    for i = from, #falling do
      falling[i].kind = group.number
    end
  end
  return before
end

-- refused looks at what depends on other records, and returns the replies if that
-- does not allow a write.
local function refused()
  for _, one in ipairs(falling) do
    local why = topple and topple(one.kind, one.record, one.id)
    if why then
      return fails(one.record, why)
    end
  end
  for _, need in ipairs(needed) do
    local write = written[need.parent]
    if write and write.gone or doomed[need.parent] or not write and call('EXISTS', need.parent) == 0 then
      return fails(need.record, { 'MISSING', need.field, need.id })
    end
  end
  local record, index, owner = clash()
  if record then
    return fails(record, { 'UNIQUE', index, owner })
  end
end

for _ = 1, tonumber(args[6]) do
  take_group()
end
if stream and not call('XPENDING', stream, group_name, event, event, 1, consumer)[1] then
  return { 'GONE' }
end
if args[5] == '' and changed() then
  return { 'CHANGED' }
end
local before = prepare()
if replies[1] == 'FAILED' then
  return replies
elseif before > 0 then -- it was sent before, and carried out
  replies[1] = before == count and 'OK' or 'UNCERTAIN'
  return replies
elseif args[5] ~= '' and changed() then
  return { 'CHANGED' }
elseif replies[1] == 'CLAIM' then
  return replies
end
local failed = refused()
if failed then
  return failed
end
if stream then
  call('XACK', stream, group_name, event)
end
for _, group in ipairs(groups) do
  with(group)
  group.carry()
end
fall()
settle_all()
return replies
