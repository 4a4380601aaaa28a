-- Requests are still under way. ARGV: the length of a lease, then their ids.
for i = 2, #ARGV do
    redis.call('ZADD', KEYS[2], spell(now + tonumber(ARGV[1])), ARGV[i])
end
redis.call('PEXPIRE', KEYS[2], KEPT_MS)
return 1
