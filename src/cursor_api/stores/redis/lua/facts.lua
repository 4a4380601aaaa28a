-- What holds: now, the last event that is in it, then name, time and state of each fact.
--
-- KEYS: what holds (hash), what was told (stream).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local found = {string.format('%.0f', now), last[1] and last[1][1] or '0-0'}
local entries = redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
    local at, until_ms, state = string.match(entries[i + 1], '^(%d+)|(%d+)|(.*)$')
    if tonumber(until_ms) < now then
        redis.call('HDEL', KEYS[1], entries[i])
    else
        found[#found + 1] = entries[i]
        found[#found + 1] = at
        found[#found + 1] = state
    end
end
return found
