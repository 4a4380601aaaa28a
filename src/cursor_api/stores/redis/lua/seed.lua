-- What the records say of the day and the period, where nothing is known of them.
--
-- ARGV: the server's run, an epoch in case that the counters begin anew; the day, its requests and
-- tokens; the period, its tokens and cost; how many ms ago the records were asked.
local counters = read()
if counters.known == ARGV[1] then
    return 0
end
if tonumber(redis.call('HGET', KEYS[1], 'late_at') or 0) > now - tonumber(ARGV[9]) then
    -- Records have come since that they did not know of.
    return 0
end
local before = counters.known == PART .. ARGV[1] and read()
-- Nothing at all, or what an earlier run of the server has left: whatever was settled since is missing.
if not before and (counters.known ~= '' or counters.epoch == '') then
    if counters.known ~= '' then
        redis.call('DEL', KEYS[2], KEYS[3])
    end
    counters.epoch = ARGV[2]
end
counters.known = ARGV[1]
counters.day, counters.day_requests, counters.day_tokens = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
counters.period, counters.period_tokens = ARGV[6], tonumber(ARGV[7])
counters.period_cost = tonumber(ARGV[8])

-- What is under way is settled in the period in which it is counted.
local held = redis.call('HGETALL', KEYS[3])
for i = 1, #held, 2 do
    local tokens, cost = find_held(held[i + 1])
    counters.day_requests = counters.day_requests + 1
    counters.day_tokens = counters.day_tokens + tokens
    counters.period_tokens = counters.period_tokens + tokens
    counters.period_cost = counters.period_cost + cost
    hold(held[i], spell(tokens), spell(cost), counters.day, counters.period)
end
-- What others have counted and not recorded yet is in the counters alone.
if before and before.day == counters.day then
    counters.day_requests = math.max(counters.day_requests, before.day_requests)
    counters.day_tokens = math.max(counters.day_tokens, before.day_tokens)
end
if before and before.period == counters.period then
    counters.period_tokens = math.max(counters.period_tokens, before.period_tokens)
    counters.period_cost = math.max(counters.period_cost, before.period_cost)
end
write(counters)
redis.call('HSET', KEYS[1], 'seeded_at', spell(now))
return 1
