-- digest returns what identifies the fields of a record that has no version.
local function digest(record)
  local parts = {}
  for i, value in ipairs(read(record, names)) do
    parts[i] = value and #value .. ':' .. value or '-'
  end
  return '#' .. redis.sha1hex(table.concat(parts))
end
