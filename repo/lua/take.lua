-- take returns the next of the arguments behind the last one taken.
local last = 0
local function take()
  last = last + 1
  return ARGV[last]
end
