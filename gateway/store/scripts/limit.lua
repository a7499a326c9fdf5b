-- Put before the scripts that count what is limited.
-- Counts a name among those of the last `window` ms; where there are `most` already, the ms until one more may be.
local function limit(what, most, window, name)
  if what == '' then return nil end
  local key = L .. 'y:' .. what
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  if redis.call('ZSCORE', key, name) then return nil end
  if redis.call('ZCARD', key) >= tonumber(most) then
    local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
    return math.max(1, oldest + window - now)
  end
  redis.call('ZADD', key, now, name)
  redis.call('PEXPIRE', key, window)
end
