-- http-request use-service lua.refuse: answers with status txn.refusal, and takes what comes of
-- the body until its end or for a while, to throw it away. Who sends on is to see the answer: one
-- that ends before the body is lost to many apps, since over h2 HAProxy 2.6 resets the stream
-- then, and over h1 the system resets the connection.
local WAIT = 30 -- seconds
local AT_ONCE = 200000 -- octets; what is longer is taken slowly, a stranger's slower still
local PAUSE, STRANGERS_PAUSE = 10, 200 -- ms for each buffer

core.register_service("refuse", "http", function(applet)
  local status = applet:get_var("txn.refusal")
  local body = applet:get_var("txn.verdict") or os.getenv("ANSWER_" .. status)
  applet:set_status(status)
  applet:add_header("Content-Type", "application/json")
  applet:add_header("Content-Length", tostring(#body))
  if status == 429 then applet:add_header("Retry-After", os.getenv("RETRY_AFTER")) end
  applet:start_response()
  applet:send(body)
  local pause = applet:get_var("txn.stranger") and STRANGERS_PAUSE or PAUSE
  local ends, taken = core.now().sec + WAIT, 0
  repeat
    local piece = applet:receive(32768)
    taken = taken + #(piece or "")
    if taken > AT_ONCE then core.msleep(pause) end
  until not piece or piece == "" or core.now().sec > ends
end)
