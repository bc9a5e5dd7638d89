-- Answers a query from indexes, as much of it as one call may do.
--
-- KEYS[1]  a key of the entity, for a cluster to know where it is
-- ARGV[1]  the keyspace
-- ARGV[2]  what to return: rows, ids, count, group, or plan: ids, and
--   the estimate even if there is no choice
-- ARGV[3]  1 for descending order
-- ARGV[4]  the score, ARGV[5] the member of the entry at which to begin, both
--   "" for the beginning; ARGV[6] 1 to begin behind it
-- ARGV[7]  how many records to return, ARGV[8] how many entries to look at, at
--   most
-- ARGV[9]  1 if records expire
-- ARGV[10] which alternative to follow; 0: the cheapest
-- then how many fields the conditions need, the first of which is there if the
--   record is, and their names
-- and how many alternatives, and for each of them:
--   walk, sort or nearest: whether its sources have the order asked for, are to
--     be sorted, or are searched by distance
--   what it costs to follow for each entry; 0: nothing but what is returned
--   of sort: what gives the order: id; score and an index; bytes, integer or
--     distance
--   the two positions of the field that gives it, as in a condition
--   of distances: from where, latitude and longitude, and up to how many meters
--   how many sources; the index, how it is read and its bounds for each
--   how many checks, which other indexes answer: the index, bounds of the score,
--     and 1 if the id is to be absent from there
--   how many arguments its other conditions are, and these: see filter.lua
-- then of rows which field is there if the record is, and the fields to read; of
--   group "each" if the field is a slice whose elements count, and its two
--   positions
--
-- Returns 1 if there are more, the alternative followed, the estimate of its
-- entries, how many were looked at, how many without a record were removed, the
-- score and the member of the first record returned and of the last entry looked
-- at, and then what was asked for.

last = 10
local reverse, score, member, skip = ARGV[3] == '1', ARGV[4], ARGV[5], ARGV[6] == '1'

-- What the conditions need of a record.
local names = {}
for i = 1, tonumber(take()) do
  names[i] = take()
end

local gone = {} -- source and entry of each that has no record

-- number returns a score as a number.
local function number(text)
  if text == 'inf' or text == '+inf' or text == '-inf' then
    return (text == '-inf' and -1 or 1) / 0 -- math.huge of the embedded store is finite
  end
  return text + 0 -- tonumber of the embedded store does not know 1e+06
end
