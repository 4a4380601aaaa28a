-- A node tells what is so: all who listen hear it, and who comes later finds it.
--
-- KEYS: what holds (hash), what was told (stream). ARGV: the node, the name, the state or nothing where
-- all is well, for how long it is kept.
local EVENTS_MAX = 10000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local until_ms = now + tonumber(ARGV[4])
redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f|%.0f|%s', now, until_ms, ARGV[3]))
redis.call(
    'XADD', KEYS[2], 'MAXLEN', '~', EVENTS_MAX, '*', 'node', ARGV[1], 'name', ARGV[2], 'state', ARGV[3]
)
return 1
