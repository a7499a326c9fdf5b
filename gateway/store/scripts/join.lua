#!lua
-- Enters a name among those that wait for a vendor's word, until a time. KEYS: those who wait for the same word; what
-- was let in last. ARGV: clock offset in ms, name, until, '1' where only one may wait, ms between two that are let in
-- (0: no matter). Safe to repeat. Answers 'joined', 'taken' and by whom, or 'limited' and for how many ms.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000) + ARGV[1]
local name, alone, gap = ARGV[2], ARGV[4] == '1', tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if alone then
  local other = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  if other and other ~= name then return {'taken', other} end
end
if gap > 0 and redis.call('GET', KEYS[2]) ~= name and not redis.call('SET', KEYS[2], name, 'NX', 'PX', gap) then
  return {'limited', redis.call('PTTL', KEYS[2])}
end
redis.call('ZADD', KEYS[1], ARGV[3], name)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2] - ARGV[1] + 60000))
return {'joined'}
