#!lua flags=allow-oom
-- A start of the gateway with these credentials, at a vendor that blocks an address after failed logins in a row: one
-- request at a time until one was not refused. KEYS: the provider's gate, the starts seen. ARGV: a digest of the
-- credentials, this start's name, refusals in a row after which only an operator tries again.
local fresh = redis.call('SADD', KEYS[2], ARGV[2]) == 1
redis.call('EXPIRE', KEYS[2], 86400)
if redis.call('HGET', KEYS[1], 'credentials') ~= ARGV[1] then
  redis.call('HDEL', KEYS[1], 'refusals')
  redis.call('HSET', KEYS[1], 'credentials', ARGV[1], 'login', 'unproven')
elseif fresh and tonumber(redis.call('HGET', KEYS[1], 'refusals') or 0) < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'login', 'unproven')
end
return 1
