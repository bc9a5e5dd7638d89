-- merged returns a function that returns the entries of sources in their common
-- order, each once: source, entry, score. chunk is how many to read ahead.
local function merged(sources, chunk)
  -- advance makes the next entry of a source its head.
  local function advance(source)
    if source.next > #source.members and not source.ended then
      ahead(source, chunk, true)
    end
    local at = source.next
    source.next = at + 1
    source.head = source.members[at]
    source.score = source.by == 'score' and source.scores[at] or '0'
    source.value = number(source.score)
  end
  for _, source in ipairs(sources) do
    open(source, true)
    advance(source)
  end
  return function()
    local best
    for _, source in ipairs(sources) do
      if source.head and (not best or source.value == best.value and source.head ~= best.head and less(source.head, best.head) ~= reverse
          or source.value ~= best.value and (source.value < best.value) ~= reverse) then
        best = source
      end
    end
    if not best then
      return nil
    end
    local head, value, score = best.head, best.value, best.score
    for _, source in ipairs(sources) do
      if source.head == head and source.value == value then
        advance(source)
      end
    end
    return best, head, score
  end
end
