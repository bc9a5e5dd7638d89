-- The server's clock in µs since 1970. It stands still while a script runs.
local server = call('TIME')
server = server[1] * 1000000 + server[2]
