-- What each script begins with. The rules are those of domain/quota.py; see there for the words.
--
-- KEYS: of one API key, the counters (hash), the requests under way with the end of each lease (sorted
-- set), and what each of them has reserved (hash). All numbers are whole, and instants are in ms.
-- `known` is the run of the server in which the day and the period were told, at `seeded_at`; `epoch` is
-- another one each time that the counters began anew. At `late_at` records came that may be missing.

local KEPT_MS = 172800000
-- Before the run, where the records have told less than there is.
local PART = '+'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local NAMES = {
    'known', 'epoch', 'requests', 'requests_at', 'tokens', 'tokens_at',
    'day', 'day_requests', 'day_tokens', 'period', 'period_tokens', 'period_cost',
}
local TEXTS = {known = true, epoch = true, day = true, period = true}

-- Lua writes large numbers as 1e+15.
local function spell(number)
    return string.format('%.0f', number)
end

local function read()
    local values, counters = redis.call('HMGET', KEYS[1], unpack(NAMES)), {}
    for i, name in ipairs(NAMES) do
        if TEXTS[name] then
            counters[name] = values[i] or ''
        else
            counters[name] = tonumber(values[i] or 0)
        end
    end
    return counters
end

local function write(counters)
    local fields = {}
    for _, name in ipairs(NAMES) do
        fields[#fields + 1] = name
        fields[#fields + 1] = TEXTS[name] and counters[name] or spell(counters[name])
    end
    redis.call('HSET', KEYS[1], unpack(fields))
    redis.call('PEXPIRE', KEYS[1], KEPT_MS)
end

-- The same in the day and in the period of the moment.
local function move_on(counters, day, period)
    if day > counters.day then
        counters.day, counters.day_requests, counters.day_tokens = day, 0, 0
    end
    if #period ~= #counters.period or period > counters.period then
        counters.period, counters.period_tokens, counters.period_cost = period, 0, 0
    end
end

-- A bucket as it is now.
local function fill(counters, name, limit)
    local at = counters[name .. '_at']
    counters[name] = math.max(0, counters[name] - math.max(0, now - at) * limit)
    counters[name .. '_at'] = math.max(now, at)
end

local function hold(id, tokens, cost, day, period)
    redis.call('HSET', KEYS[3], id, tokens .. '|' .. cost .. '|' .. day .. '|' .. period)
    redis.call('PEXPIRE', KEYS[3], KEPT_MS)
end

local function find_held(text)
    local tokens, cost, day, period = string.match(text, '^(%d+)|(%d+)|([^|]*)|([^|]*)$')
    return tonumber(tokens), tonumber(cost), day, period
end

-- In one text, which is read in one piece.
local function answer(verdict, counters, live)
    local values = {verdict, spell(now), live}
    for i, name in ipairs(NAMES) do
        values[i + 3] = TEXTS[name] and counters[name] or spell(counters[name])
    end
    return table.concat(values, '|')
end

