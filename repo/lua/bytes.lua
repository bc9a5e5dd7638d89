-- The order of strings by their bytes, which is that of sorted sets. Lua's own
-- order is that of the server's locale, and the same only in the C locale.
local bytewise = 'B' < 'a'

-- less tells whether a comes before b: by the first byte that differs, found by
-- halving.
local function less(a, b)
  if bytewise then
    return a < b
  end
  local same, most = 0, math.min(#a, #b)
  while same < most do
    local middle = math.ceil((same + most) / 2)
    if string.sub(a, same + 1, middle) == string.sub(b, same + 1, middle) then
      same = middle
    else
      most = middle - 1
    end
  end
  if same == #a or same == #b then
    return #a < #b
  end
  return string.byte(a, same + 1) < string.byte(b, same + 1)
end
