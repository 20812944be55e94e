-- http-request lua.check_token: has Synapse say whose the request's token is, before the body is
-- taken. Sets txn.token to the status of its answer and, where that is 401, txn.verdict to its
-- body; to 429 where strangers ask more than they all may. Where Synapse does not answer there is
-- no txn.token.
local socket = os.getenv("CLIENT_SOCKET")

local WAIT = 10 -- seconds
local STRANGERS = 5 -- in a tenth of a second: each costs Synapse some 2 ms
local PAUSE = 50 -- ms

local function target(txn)
  local query = txn.f:query() or ""
  local token = ("&" .. query):match("&access_token=([^&]*)")
  local user = ("&" .. query):match("&user_id=([^&]*)") -- as whom an application service acts
  local arguments = {}
  if token then arguments[#arguments + 1] = "access_token=" .. token end
  if user then arguments[#arguments + 1] = "user_id=" .. user end
  return "/_matrix/client/v3/account/whoami?" .. table.concat(arguments, "&")
end

local function receive(connection)
  local status = (connection:receive("*l") or ""):match("^HTTP/%d.%d (%d%d%d)")
  if not status then return end
  local length, line = nil, connection:receive("*l")
  while line and line:match("%S") do
    length = line:lower():match("^content%-length:%s*(%d+)") or length
    line = connection:receive("*l")
  end
  return tonumber(status), connection:receive(length and tonumber(length) or "*a")
end

-- Whether a stranger's token may be asked for: his turn comes within WAIT seconds or not at all.
local tenth, asked = 0, 0 -- the tenth of a second that it is, and how many were let by in it

local function has_turn()
  local ends = core.now().sec + WAIT
  repeat
    local now = core.now()
    local this = now.sec * 10 + now.usec // 100000
    if this > tenth then tenth, asked = this, 0 end
    if asked < STRANGERS then
      asked = asked + 1
      return true
    end
    core.msleep(PAUSE)
  until now.sec >= ends
  return false
end

core.register_action("check_token", { "http-req" }, function(txn)
  if txn:get_var("txn.stranger") and not has_turn() then return txn:set_var("txn.token", 429) end
  local lines = {
    "GET " .. target(txn) .. " HTTP/1.0",
    "X-Forwarded-For: " .. txn.f:src(),
    "X-Forwarded-Proto: https",
    "User-Agent: " .. txn.sf:req_fhdr("user-agent"), -- people see it in the list of their devices
  }
  local bearer = txn.sf:req_fhdr("authorization")
  if bearer ~= "" then lines[#lines + 1] = "Authorization: " .. bearer end
  local synapse = core.tcp()
  synapse:settimeout(WAIT)
  if not synapse:connect("unix@" .. socket) then return end
  synapse:send(table.concat(lines, "\r\n") .. "\r\n\r\n")
  local status, verdict = receive(synapse)
  synapse:close()
  if not status then return end
  txn:set_var("txn.token", status)
  if status == 401 then txn:set_var("txn.verdict", verdict or "") end
end)
