-- A write that shows a fence: the operation is followed by ! and the token, a colon, and
-- the name. The hash <prefix>{<tag>}:f has the last token of each name.
if string.find(op, '!', 1, true) then
  local token, name
  op, token, name = string.match(op, '^(%l+)!(%d+):(.*)$')
  local key = string.sub(base, 1, (string.find(base, '}', 1, true))) .. ':f'
  local last = call('HGET', key, name)
  if not last or last + 0 < token + 0 then
    call('HSET', key, name, token)
  elseif last + 0 > token + 0 then
    return redis.error_reply('FENCED ' .. last)
  end
end
