-- lexmember returns the member of a lex index: the value, NUL, the id. The
-- value's own NULs are escaped so that the first NUL ends it and the order
-- stays that of the bytes.
local function lexmember(value, id)
  return string.gsub(value, '[%z\1]', { ['\0'] = '\1\1', ['\1'] = '\1\2' }) .. '\0' .. id
end

-- lexint returns a decimal integer of up to 64 bits as digits whose order as
-- bytes is that of the numbers: sign, then 20 digits, of negative numbers their
-- complement.
local function lexint(text)
  if string.sub(text, 1, 1) ~= '-' then
    return '1' .. string.rep('0', 20 - #text) .. text
  end
  local digits = string.rep('0', 21 - #text) .. string.sub(text, 2)
  return '0' .. string.gsub(digits, '%d', function(d) return 9 - d end)
end
