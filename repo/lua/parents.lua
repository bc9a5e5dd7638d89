-- What a record refers to has to be there.

local shard = string.sub(base, 1, (string.find(base, '}', 1, true))) -- begins all its keys

-- orphan returns the refusal of a record that refers to one that is neither there nor
-- among the writes before it.
local function orphan(record, old, new, parents, before)
  local refused
  parents(old, new, function(field, tail, was, is)
    if refused or not is or is == was then
      return
    end
    local parent = shard .. tail .. 'r:' .. is
    if parent == record or call('EXISTS', parent) == 1 then
      return
    end
    for _, w in ipairs(before) do
      if w.record == parent then
        return
      end
    end
    refused = { 'MISSING', field, is }
  end)
  return refused
end
