-- A write that shows a fence: the operation is followed by ! and the token, a colon, and
-- the name. The hash <prefix>{<tag>}:f has the last token of each name. Tokens are
-- compared as text, for numbers are not exact beyond 2^53.
if string.find(op, '!', 1, true) then
  local token, name
  op, token, name = string.match(op, '^(%l+)!(%d+):(.*)$')
  local key = string.sub(base, 1, (string.find(base, '}', 1, true))) .. ':f'
  local last = call('HGET', key, name) or ''
  if #last < #token or #last == #token and last < token then
    call('HSET', key, name, token)
  elseif last ~= token then
    return redis.error_reply('FENCED ' .. last)
  end
end
