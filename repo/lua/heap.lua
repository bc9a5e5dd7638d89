-- A heap: each item comes before those at twice its place and behind that. before
-- tells which of two items comes first.

local function push(heap, item, before)
  local at = #heap + 1
  while at > 1 and before(item, heap[floor(at / 2)]) do
    heap[at] = heap[floor(at / 2)]
    at = floor(at / 2)
  end
  heap[at] = item
end

-- pop takes the first item; nil if there is none.
local function pop(heap, before)
  local first, item = heap[1], table.remove(heap)
  local at, child = 1, 2
  while heap[child] do
    if heap[child + 1] and before(heap[child + 1], heap[child]) then
      child = child + 1
    end
    if not before(heap[child], item) then
      break
    end
    heap[at] = heap[child]
    at = child
    child = 2 * at
  end
  if #heap > 0 then
    heap[at] = item
  end
  return first
end
