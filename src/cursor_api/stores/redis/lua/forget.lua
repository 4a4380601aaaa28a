-- The day and the period are to be told anew.
return redis.call('HDEL', KEYS[1], 'known')
