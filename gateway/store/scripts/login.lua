#!lua flags=allow-oom
-- A start of the gateway with these credentials, at a vendor that blocks an address after failed logins in a row: they
-- are to be proven again, one request at a time; refused ones may be tried once more.
-- KEYS: the vendor account's desk, the starts seen. ARGV: a digest of the credentials, this start's name.
if redis.call('SADD', KEYS[2], ARGV[2] .. ARGV[1]) == 1 then
  redis.call('HDEL', KEYS[1], 'no:' .. ARGV[1])
  redis.call('HINCRBY', KEYS[1], 'round', 1)
  if redis.call('HGET', KEYS[1], 'proven') == ARGV[1] then redis.call('HDEL', KEYS[1], 'proven') end
end
redis.call('EXPIRE', KEYS[2], 2592000)
return 1
