-- How one script changes the indexes of several entities: each has a keyspace, and
-- plans of its own there.

local shard = string.sub(base, 1, (string.find(base, '}', 1, true))) -- begins all their keys
local plans = {}

-- enter has names be relative to the keyspace of an entity in the shard.
local function enter(tail)
  base = shard .. tail
  local plan = plans[tail]
  if not plan then
    plan = { {}, {}, {} }
    plans[tail] = plan
  end
  added, removed, claims = plan[1], plan[2], plan[3]
end

-- settle_all does what is planned for all entities.
local function settle_all()
  for tail in pairs(plans) do
    enter(tail)
    settle()
  end
end
