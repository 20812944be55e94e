-- http-request lua.pace: lets txn.length octets of a known server begin when it is their turn, and
-- sets txn.paced; where that is too far off there is no txn.paced. Synapse reads JSON in its one
-- thread, 4 MB of nothing but braces in a third of a second: here each server has so much of it in
-- a second, and all known ones of one network together twice as much.
local SOURCE, NETWORK = 200000, 400000 -- octets in a second
local BURST = 3 -- seconds of it that may be owed
local WAIT = 25 -- seconds; longer than the largest body keeps others of its network waiting
local PAUSE = 100 -- ms
local MANY = 1000 -- of those who owe; who owes nothing any more is forgotten then

local paid, count = {}, 0 -- when each will have waited for all that it sent

local function seconds()
  local now = core.now()
  return now.sec + now.usec / 1000000
end

local function forget(now)
  for key, moment in pairs(paid) do
    if moment < now then paid[key], count = nil, count - 1 end
  end
end

local function charge(key, cost, now)
  if not paid[key] then count = count + 1 end
  paid[key] = math.max(paid[key] or 0, now) + cost
end

core.register_action("pace", { "http-req" }, function(txn)
  local source = "source " .. txn:get_var("txn.source")
  local network = "network " .. txn:get_var("txn.network")
  local length, now = txn:get_var("txn.length"), seconds()
  local ends = now + WAIT
  while math.max(paid[source] or 0, paid[network] or 0) > now + BURST do
    if now > ends then return end
    core.msleep(PAUSE)
    now = seconds()
  end
  if count > MANY then forget(now) end
  charge(source, length / SOURCE, now)
  charge(network, length / NETWORK, now)
  txn:set_var("txn.paced", true)
end)
