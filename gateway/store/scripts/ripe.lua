#!lua flags=allow-oom
-- Up to n records beside messages whose time has come. They come again after `hold` ms unless a change sets another time.
local n, hold = ARGV[3], tonumber(ARGV[4])
local out = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', L .. 'z', '-inf', now, 'LIMIT', 0, n)) do
  local kind, id = string.sub(member, 1, 1), string.sub(member, 2)
  local state = redis.call('GET', L .. kind .. ':' .. id)
  if state then
    redis.call('ZADD', L .. 'z', now + hold, member)
    out[#out + 1] = {kind, id, state}
  else
    redis.call('ZREM', L .. 'z', member)
  end
end
return {seq, now, epoch, out}
