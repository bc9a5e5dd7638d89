-- elements returns the set of elements of a slice stored as JSON.
local function elements(kind, text)
  local set = {}
  if not text then
    return set
  end
  if kind == 'int' then
    for digits in string.gmatch(text, '-?%d+') do
      set[digits] = true
    end
    return set
  end
  local ok, list = pcall(cjson.decode, text)
  if ok and type(list) == 'table' then
    for _, element in ipairs(list) do
      if type(element) == 'string' then
        set[element] = true
      end
    end
  end
  return set
end

-- members returns the set of elements of a slice, whatever they are.
local function members(text)
  return elements(string.sub(text, 2, 2) == '"' and 'string' or 'int', text)
end
