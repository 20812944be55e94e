-- Keeps on disk which sources are known: HAProxy itself forgets its tables when it restarts.
-- A line of the file is TABLE SOURCE DAY: a table `type ipv6 store gpt0`, and the day of the last
-- proof, counted from 1970.
local file, socket = os.getenv("KNOWN_FILE"), os.getenv("ADMIN_SOCKET")

local DAYS = 24 -- after so many without a proof a source is a stranger again, as in the table
local MACHINES = 500 -- of one source in a day: it has 2^64 addresses
local SOURCES = 16384 -- in a day, as many as the table has; with more the count begins anew
local BATCH = 100 -- entries of one command; a command must fit into a buffer
local TRIES, PAUSE = 100, 50 -- ms

local function entries()
  local days = {}
  local saved = io.open(file)
  if not saved then return end
  local oldest = core.now().sec // 86400 - DAYS
  for line in saved:lines() do
    local name, source, day = line:match("^([%w_]+) ([%x:.]+) (%d+)$")
    if name and tonumber(day) >= oldest then
      days[name .. " " .. source] = tonumber(day)
    end
  end
  saved:close()
  return days
end

-- Written anew at each start: without what has become too old, and each source once. The old file
-- stays where the new one is not whole.
local function compact(days)
  local shorter = io.open(file .. ".new", "w")
  if not shorter then return end
  local whole = true
  for entry, day in pairs(days) do whole = shorter:write(entry, " ", day, "\n") and whole end
  local closed = shorter:close()
  if closed and whole then os.rename(file .. ".new", file) else os.remove(file .. ".new") end
end

local function set_command(name, source, day)
  if not source:find(":") then source = "::ffff:" .. source end -- as such a table has IPv4
  return "set table " .. name .. " key " .. source .. " data.gpt0 " .. day
end

-- For a moment of a reload the old worker accepts at that socket as well, and takes commands that
-- were meant for this one: whoever answers says first which process it is.
local function tell(commands)
  local ours = "Pid: " .. core.get_info()["Pid"] .. "\n"
  for _ = 1, TRIES do
    local admin = core.tcp()
    admin:settimeout(5)
    if admin:connect("unix@" .. socket) then
      admin:send("show info;" .. table.concat(commands, ";") .. "\n")
      local answer = admin:receive("*a")
      admin:close()
      if answer and answer:find(ours, 1, true) then return end
    end
    core.msleep(PAUSE)
  end
  core.Warning("cannot restore the known sources: the admin socket does not answer")
end

core.register_task(function()
  local commands, days = {}, entries()
  if not days then return end -- none yet, or one that cannot be read now
  for entry, day in pairs(days) do
    local name, source = entry:match("(%S+) (%S+)")
    commands[#commands + 1] = set_command(name, source, day)
    if #commands == BATCH then
      tell(commands)
      commands = {}
    end
  end
  if #commands > 0 then tell(commands) end
  compact(days)
end)

-- http-response lua.remember: on day txn.today a proof came from src, a machine of txn.source.
local today, machines, sources = 0, {}, 0 -- how many of each source, and of how many sources

core.register_action("remember", { "http-res" }, function(txn)
  local day, source, machine = txn:get_var("txn.today"), txn:get_var("txn.source"), txn.f:src()
  if day ~= today or sources > SOURCES then today, machines, sources = day, {}, 0 end
  if not machines[source] then machines[source], sources = 0, sources + 1 end
  if machines[source] == MACHINES then return end
  machines[source] = machines[source] + 1
  local commands, lines = {}, { "\n" } -- the line before may have been cut short by a full disk
  for name, address in pairs({ known = source, machines = machine }) do
    commands[#commands + 1] = set_command(name, address, day)
    lines[#lines + 1] = name .. " " .. address .. " " .. day .. "\n"
  end
  tell(commands)
  local saved = io.open(file, "a")
  if not saved then return end
  saved:write(table.concat(lines))
  saved:close()
end)
