--HEADER
--
-- --ENTITY: what a write reads, checks and moves. Package repo puts this
-- between its own parts, which do the rest.

local version, created, updated = --VERSION, --CREATED, --UPDATED
local expires = --EXPIRES -- nil: never; false: no field shows when
local retry = --RETRY -- whether records carry the token of their last write
local fields = --FIELDS -- read before a write
local names = --NAMES -- all fields, where no version tells of changes

-- named returns values read, or none, by the names of their fields.
local function named(values)
  return {
--NAMED
  }
end

--EVENTS

--VISITS

-- conflict returns the unique index in which another record has a new value,
-- and the id of that record.
local function conflict(id, old, new)
--CONFLICT
end

-- move has claims and entries follow a record from old to new values.
local function move(id, old, new)
--MOVE
end
