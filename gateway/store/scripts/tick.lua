#!lua flags=allow-oom
-- Up to n messages whose time has come. They come again after `hold` ms unless a change sets another time.
local n, hold = ARGV[3], tonumber(ARGV[4])
local out = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', L .. 'a', '-inf', now, 'LIMIT', 0, n)) do
  local record = redis.call('HMGET', L .. 'm:' .. id, 's', 'c')
  if record[1] then
    redis.call('ZADD', L .. 'a', now + hold, id)
    out[#out + 1] = {id, record[1], record[2]}
  else
    redis.call('ZREM', L .. 'a', id)
  end
end
return {seq, now, epoch, out}
