-- now returns the server's clock in µs since 1970. It stands still while a
-- script runs, so it is asked once, and only by what needs it.
local clock_read
local function now()
  if not clock_read then
    local time = call('TIME')
    clock_read = time[1] * 1000000 + time[2]
  end
  return clock_read
end
