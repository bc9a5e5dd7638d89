-- Change events: told in the script that makes the change. An event is a list of names
-- and values: op, id, version ("" if there is none), fields (the names of those that
-- changed, joined by commas), at (µs since 1970), and .<name> for each field whose
-- value is told.
--
-- how says how they are told, to those who listen to <keyspace>e: 'pubsub', by messages
-- of a sharded channel; 'stream', by entries of a stream; 'stream n', of one that keeps
-- about n.

-- attend fails the script now if events could not be told later.
local function attend(how)
  if how ~= 'pubsub' then
    call('XLEN', base .. 'e')
  elseif redis.acl_check_cmd and not redis.acl_check_cmd('SPUBLISH', base .. 'e', '') then
    error({ err = 'NOPERM this user may not SPUBLISH to the channel of the events' })
  end
end

-- announce tells an event.
local function announce(how, event)
  local most = string.match(how, '%d+')
  if most then
    call('XADD', base .. 'e', 'MAXLEN', '~', most, '*', unpack(event))
  elseif how == 'stream' then
    call('XADD', base .. 'e', '*', unpack(event))
  else
    local parts = {}
    for i, value in ipairs(event) do
      parts[i] = #value .. ':' .. value
    end
    local message = table.concat(parts)
    local sent = redis.pcall('SPUBLISH', base .. 'e', message)
    if type(sent) == 'table' and sent.err then
      if not string.find(sent.err, 'nknown') then
        error(sent)
      end
      call('PUBLISH', base .. 'e', message) -- the embedded store has no other
    end
  end
end

-- expired returns the event of a record whose time was up at so many ms.
local function expired(id, version, at)
  return { 'op', 'expired', 'id', id, 'version', version, 'fields', '', 'at', at .. '000' }
end
