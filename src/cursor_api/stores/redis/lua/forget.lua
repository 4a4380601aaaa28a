-- The day and the period are to be told anew.
--
-- ARGV: 0, or only where they were told within so many ms; how many ms ago this was asked for.
local within_ms = tonumber(ARGV[1])
if within_ms > 0 then
    -- Also where the records are being asked just now.
    redis.call('HSET', KEYS[1], 'late_at', spell(now))
    redis.call('PEXPIRE', KEYS[1], KEPT_MS)
    local seeded_at = tonumber(redis.call('HGET', KEYS[1], 'seeded_at') or 0)
    if seeded_at < now - within_ms - tonumber(ARGV[2]) then
        return 0
    end
    local known = read().known
    if known ~= '' and string.sub(known, 1, 1) ~= PART then
        -- Known in part: there is no less than what is counted.
        redis.call('HSET', KEYS[1], 'known', PART .. known)
    end
    return 1
end
return redis.call('HDEL', KEYS[1], 'known')
