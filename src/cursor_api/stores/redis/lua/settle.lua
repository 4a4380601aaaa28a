-- A request is over: what it used takes the place of what it reserved, once.
--
-- KEYS[4]: a mark that is made here where the request may still be on its way here (`gone`), or is
-- counted though nothing is held of it.
-- ARGV: id, tokens, cost, tokens a minute or 0, `gone` where nobody heard whether it was let in, or
-- nothing; of when it was let in, the epoch, the day and the period; how many ms ago it ended.
local MARK_MS, MINUTE_MS = 120000, 60000
local held = redis.call('HGET', KEYS[3], ARGV[1])
local day, period = ARGV[7], ARGV[8]
local tokens, cost, requests = tonumber(ARGV[2]), tonumber(ARGV[3]), 0
local counters = read()
redis.call('ZREM', KEYS[2], ARGV[1])
if held then
    redis.call('HDEL', KEYS[3], ARGV[1])
    local reserved_tokens, reserved_cost
    reserved_tokens, reserved_cost, day, period = find_held(held)
    tokens, cost = tokens - reserved_tokens, cost - reserved_cost
    if ARGV[5] == 'gone' then
        -- It was let in too late, and refused by whoever asked: there is no such request.
        requests = -1
        counters.requests = math.max(0, counters.requests - MINUTE_MS)
    end
elseif ARGV[5] == 'gone' then
    redis.call('SET', KEYS[4], '', 'PX', MARK_MS)
    return 0
elseif ARGV[6] == '' or counters.known == '' or counters.epoch == ARGV[6] then
    -- It is counted already, or the records will tell it.
    return 0
elseif now - tonumber(ARGV[9]) < tonumber(redis.call('HGET', KEYS[1], 'seeded_at') or 0) then
    -- The records have told it: they were asked after it had ended.
    return 0
elseif redis.call('SET', KEYS[4], '', 'NX', 'PX', MARK_MS) then
    -- The counters began anew while it was under way.
    requests = 1
else
    return 0
end

local tokens_max = tonumber(ARGV[4])
if tokens_max > 0 then
    fill(counters, 'tokens', tokens_max)
    counters.tokens = math.max(0, counters.tokens + tokens * MINUTE_MS)
end
-- Of a day or a period that is over nobody asks any more.
if day == counters.day then
    counters.day_requests = counters.day_requests + requests
    counters.day_tokens = counters.day_tokens + tokens
end
if period == counters.period then
    counters.period_tokens = counters.period_tokens + tokens
    counters.period_cost = counters.period_cost + cost
end
write(counters)
return 1
