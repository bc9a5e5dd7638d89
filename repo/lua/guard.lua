-- A write that is for records that meet a condition only: the last argument is
-- how many the condition takes, which come before it: how many fields it reads of
-- a record, their names, and the condition as filter.lua has it.
last = #ARGV - 1 - ARGV[#ARGV]
local guarded = {}
for i = 1, tonumber(take()) do
  guarded[i] = take()
end
local holds = condition()

-- guard tells whether a record meets the condition.
guard = function(record)
  return holds(read(record, guarded))
end
