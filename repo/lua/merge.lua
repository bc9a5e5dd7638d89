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
  local heap = {} -- the sources that have a head
  local function before(a, b)
    if a.value ~= b.value then
      return (a.value < b.value) ~= reverse
    end
    return a.head ~= b.head and less(a.head, b.head) ~= reverse
  end
  local function enter(source)
    advance(source)
    if source.head then
      push(heap, source, before)
    end
  end
  for _, source in ipairs(sources) do
    open(source, true)
    enter(source)
    work = work + 25
  end
  return function()
    local best = pop(heap, before)
    if not best then
      return nil
    end
    local head, value, score = best.head, best.value, best.score
    work = work + 5
    enter(best)
    while heap[1] and heap[1].head == head and heap[1].value == value do
      work = work + 10 -- one more source has the entry
      enter(pop(heap, before))
    end
    return best, head, score
  end
end
