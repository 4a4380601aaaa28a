-- The day and the period are to be told anew.
--
-- ARGV: 0, or only where they were told within so many ms; how many ms ago this was asked for.
local within_ms = tonumber(ARGV[1])
if within_ms > 0 then
    local seeded_at = tonumber(redis.call('HGET', KEYS[1], 'seeded_at') or 0)
    if seeded_at < now - within_ms - tonumber(ARGV[2]) then
        return 0
    end
end
return redis.call('HDEL', KEYS[1], 'known')
