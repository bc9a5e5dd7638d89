-- The layout of a record: a hash with a field for each value that is there.
-- What knows it is here and, in Go, in layout.go.

-- read returns the values of the named fields, false where there is none.
local function read(record, names, first)
  return call('HMGET', record, unpack(names, first or 1))
end
