-- What the consumers of a group do with one stream of events.
--
-- KEYS[1]  the stream
-- ARGV[1]  <keyspace>
-- ARGV[2]  what is to be done
-- ARGV[3]  the group
-- ARGV[4]  the consumer
-- ARGV[5]  and on, as each says
--
-- take, claim and mine return a list: OK, or LOST if events come in order and the
-- consumer does not hold the shard; where to go on; how many events were trimmed before
-- they were handled; and each event as its ID, how often it was delivered, and its
-- names and values, nil if it was trimmed.

local ARGV = ARGV
local stream, group, me = KEYS[1], ARGV[3], ARGV[4]
local dead, owner, members = base .. 'e:dead:' .. group, base .. 'e:owner:' .. group, base .. 'e:members:' .. group
local act = {}

-- pending returns how often an event was delivered that is pending, of the consumer if
-- it is given; else nil.
local function pending(id, consumer)
  local found = call('XPENDING', stream, group, id, id, 1)[1]
  return found and (not consumer or found[2] == consumer) and found[4] or nil
end

-- content returns the names and values of an event.
local function content(key, id)
  local found = call('XRANGE', key, id, id)[1]
  return found and found[2]
end

-- holds tells whether the consumer may have events: in order, only while it holds the
-- shard.
local function holds(ordered)
  return ordered ~= '1' or call('GET', owner) == me
end

-- take delivers new events: ARGV[5] 1 if they come in order, ARGV[6] how many at most.
-- To go on, one waits for what comes after the last event.
function act.take()
  if not holds(ARGV[5]) then
    return { 'LOST' }
  end
  local found = call('XREADGROUP', 'GROUP', group, me, 'COUNT', ARGV[6], 'STREAMS', stream, '>')
  local replies = { 'OK', '', 0 }
  for _, event in ipairs(found and found[1] and found[1][2] or {}) do
    replies[#replies + 1] = { event[1], 1, event[2] }
  end
  if not replies[4] then
    local last = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
    replies[2] = last and last[1] or '0-0'
  end
  return replies
end

-- claim takes over what has been idle for ARGV[8] ms, from ARGV[7] on.
function act.claim()
  if not holds(ARGV[5]) then
    return { 'LOST' }
  end
  local found = call('XAUTOCLAIM', stream, group, me, ARGV[8], ARGV[7], 'COUNT', ARGV[6])
  local replies = { 'OK', found[1], found[3] and #found[3] or 0 }
  for _, event in ipairs(found[2]) do
    if event then
      replies[#replies + 1] = { event[1], pending(event[1]), event[2] }
    end
  end
  return replies
end

-- mine returns what is pending of the consumer, from ARGV[7] on.
function act.mine()
  if not holds(ARGV[5]) then
    return { 'LOST' }
  end
  local found = call('XPENDING', stream, group, ARGV[7], '+', ARGV[6], me)
  local replies = { 'OK', #found == tonumber(ARGV[6]) and found[#found][1] or '', 0 }
  for _, one in ipairs(found) do
    local values = content(stream, one[1])
    if values then
      replies[#replies + 1] = { one[1], one[4], values }
    else
      call('XACK', stream, group, one[1])
      replies[3] = replies[3] + 1
    end
  end
  return replies
end

-- again counts another delivery of the event ARGV[5], and returns how many there were;
-- 0 if it is not pending of the consumer.
function act.again()
  if not pending(ARGV[5], me) then
    return { 0 }
  end
  call('XCLAIM', stream, group, me, 0, ARGV[5])
  return { pending(ARGV[5], me) or 0 }
end

-- renew has the events from ARGV[5] on look as if they were delivered just now, and
-- returns those that are not pending of the consumer.
function act.renew()
  local gone = {}
  for i = 5, #ARGV do
    local delivered = pending(ARGV[i], me)
    if delivered then -- which the embedded store would count up
      call('XCLAIM', stream, group, me, 0, ARGV[i], 'RETRYCOUNT', delivered, 'JUSTID')
    else
      gone[#gone + 1] = ARGV[i]
    end
  end
  return gone
end

-- release has others take over the events from ARGV[6] on, each an ID and how often
-- it was delivered: they look idle for ARGV[5] ms.
function act.release()
  for i = 6, #ARGV, 2 do
    if pending(ARGV[i], me) then
      call('XCLAIM', stream, group, me, 0, ARGV[i], 'IDLE', ARGV[5], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
    end
  end
  return {}
end

-- bury acknowledges the event ARGV[5] and keeps it among the dead letters, with how
-- often it was tried and the error; unless it is not pending of the consumer.
function act.bury()
  if not pending(ARGV[5], me) then
    return { 0 }
  end
  local letter = { 'entry', ARGV[5], 'attempts', ARGV[6], 'error', ARGV[7], 'failed', format('%.0f', now()) }
  for _, value in ipairs(content(stream, ARGV[5]) or {}) do
    letter[#letter + 1] = value
  end
  call('XADD', dead, '*', unpack(letter))
  call('XACK', stream, group, ARGV[5])
  return { 1 }
end

-- revive has the group handle the event of the dead letter ARGV[5] again: as if a
-- consumer had taken it and not been seen since, for ARGV[6] ms.
function act.revive()
  local letter = content(dead, ARGV[5])
  if not letter then
    return { 'NONE' }
  elseif not content(stream, letter[2]) then
    return { 'TRIMMED' }
  end
  if not pending(letter[2]) then
    call('XCLAIM', stream, group, me, 0, letter[2], 'IDLE', ARGV[6], 'RETRYCOUNT', 0, 'FORCE', 'JUSTID')
  end
  call('XDEL', dead, ARGV[5])
  return { 'OK' }
end

-- lease keeps the shard for ARGV[5] ms more if the consumer holds it; if ARGV[6] is 1,
-- also if nobody does. Returns who holds it, and how many consumers there are.
function act.lease()
  local ms = floor(now() / 1000)
  call('ZREMRANGEBYSCORE', members, '-inf', ms)
  call('ZADD', members, format('%.0f', ms + ARGV[5]), me)
  call('PEXPIRE', members, ARGV[5])
  local holder = call('GET', owner)
  if holder == me then
    call('PEXPIRE', owner, ARGV[5])
  elseif not holder and ARGV[6] == '1' then
    call('SET', owner, me, 'PX', ARGV[5])
    holder = me
  end
  return { holder or '', call('ZCARD', members) }
end

-- yield lets the shard go.
function act.yield()
  if call('GET', owner) == me then
    call('DEL', owner)
  end
  return {}
end

-- leave is the end of the consumer.
function act.leave()
  act.yield()
  call('ZREM', members, me)
  if not call('XPENDING', stream, group, '-', '+', 1, me)[1] then
    call('XGROUP', 'DELCONSUMER', stream, group, me)
  end
  return {}
end

-- named returns a reply of names and values as a table.
local function named(list)
  local values = {}
  for i = 1, #list, 2 do
    values[list[i]] = list[i + 1]
  end
  return values
end

-- tidy removes consumers that have nothing pending and were not seen for ARGV[5] ms.
function act.tidy()
  local removed = 0
  for _, reply in ipairs(call('XINFO', 'CONSUMERS', stream, group)) do
    local other = named(reply)
    if other.name ~= me and other.pending == 0 and other.idle > tonumber(ARGV[5]) then
      call('XGROUP', 'DELCONSUMER', stream, group, other.name)
      removed = removed + 1
    end
  end
  return { removed }
end

-- lag returns of the group, nothing if there is none: how many events are pending; how
-- many are not delivered yet, '' if the server does not know; the last that is; how
-- many consumers there are; when the oldest event happened that is not handled, ''
-- if all are, and what the time is, both in ms; how many dead letters there are.
function act.lag()
  if call('EXISTS', stream) == 0 then
    return {}
  end
  for _, reply in ipairs(call('XINFO', 'GROUPS', stream)) do
    local one = named(reply)
    if one.name == group then
      local first = call('XPENDING', stream, group)[2]
      local new = call('XRANGE', stream, '(' .. one['last-delivered-id'], '+', 'COUNT', 1)[1]
      local oldest = first and tonumber(string.match(first, '^%d+'))
      local next = new and tonumber(string.match(new[1], '^%d+'))
      if next and (not oldest or next < oldest) then
        oldest = next
      end
      local known = one['entries-read'] and one.lag
      return {
        one.pending, known or '', one['last-delivered-id'], one.consumers, oldest and format('%.0f', oldest) or '',
        format('%.0f', floor(now() / 1000)), call('XLEN', dead),
      }
    end
  end
  return {}
end

return act[ARGV[2]]()
