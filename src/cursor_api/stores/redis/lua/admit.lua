-- Lets a request in and counts it, or neither: 1 yes, 0 no, 2 unknown, 3 given up,
-- with now, how many are under way, and the counters.
--
-- KEYS[4]: there when the one who asked has given up before this was read.
-- ARGV: id, length of a lease, tokens, cost, then the limits, 0 where there is none: requests and tokens
-- a minute, requests and tokens a day, requests at once, budget; what the budget counts; 1 where one
-- lasts for longer than a minute; the day, the period, the server's run.
local id, lease_ms = ARGV[1], tonumber(ARGV[2])
local tokens, cost = tonumber(ARGV[3]), tonumber(ARGV[4])
local requests_max, tokens_max = tonumber(ARGV[5]), tonumber(ARGV[6])
local day_requests_max, day_tokens_max = tonumber(ARGV[7]), tonumber(ARGV[8])
local live_max, budget = tonumber(ARGV[9]), tonumber(ARGV[10])
local MINUTE_MS, HOUR_MS = 60000, 3600000

local counters = read()
if redis.call('HEXISTS', KEYS[3], id) == 1 then
    return answer(1, counters, 0)
end
if redis.call('EXISTS', KEYS[4]) == 1 then
    return answer(3, counters, 0)
end
if ARGV[12] == '1' and counters.known ~= ARGV[15] then
    return answer(2, counters, 0)
end

-- What nobody has renewed for an hour is never settled: it stays counted, and is held no longer.
for _, one in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', spell(now - HOUR_MS), 'LIMIT', 0, 10)) do
    redis.call('ZREM', KEYS[2], one)
    redis.call('HDEL', KEYS[3], one)
end

local live = 0
if live_max > 0 then
    live = redis.call('ZCOUNT', KEYS[2], '(' .. spell(now), '+inf')
end

move_on(counters, ARGV[13], ARGV[14])
local is_beyond = live_max > 0 and live >= live_max
if requests_max > 0 then
    fill(counters, 'requests', requests_max)
    is_beyond = is_beyond or counters.requests + MINUTE_MS > requests_max * MINUTE_MS
end
if tokens_max > 0 then
    fill(counters, 'tokens', tokens_max)
    is_beyond = is_beyond or counters.tokens + tokens * MINUTE_MS > tokens_max * MINUTE_MS
end
if day_requests_max > 0 then
    is_beyond = is_beyond or counters.day_requests + 1 > day_requests_max
end
if day_tokens_max > 0 then
    is_beyond = is_beyond or counters.day_tokens + tokens > day_tokens_max
end
if budget > 0 then
    local used = counters.period_cost + cost
    if ARGV[11] == 'tokens' then
        used = counters.period_tokens + tokens
    end
    is_beyond = is_beyond or used > budget
end
if is_beyond then
    return answer(0, counters, live)
end

if requests_max > 0 then
    counters.requests = counters.requests + MINUTE_MS
end
if tokens_max > 0 then
    counters.tokens = counters.tokens + tokens * MINUTE_MS
end
counters.day_requests = counters.day_requests + 1
counters.day_tokens = counters.day_tokens + tokens
counters.period_tokens = counters.period_tokens + tokens
counters.period_cost = counters.period_cost + cost
write(counters)
-- Where it is counted, which may be later than its node's clock says.
hold(id, ARGV[3], ARGV[4], counters.day, counters.period)
redis.call('ZADD', KEYS[2], spell(now + lease_ms), id)
redis.call('PEXPIRE', KEYS[2], KEPT_MS)
return answer(1, counters, live)
