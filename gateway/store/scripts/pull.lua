#!lua flags=allow-oom
-- What an endpoint is to be told now, at most n: entries whose retry is due, then those of its client's feed that it
-- was not told of yet. Each comes again after `hold` ms unless `told` says what became of it.
-- ARGV: endpoint, client, n, hold, how many may be pending at most, after which entry a new endpoint begins.
local endpoint, client, n, hold, bound, start = unpack(ARGV, 3, 8)
local head, pending, tries = L .. 'w:' .. endpoint, L .. 'wd:' .. endpoint, L .. 'wt:' .. endpoint
local feed = L .. 'e:' .. client
local out = {}
local cursor = redis.call('HGET', head, 'c')
if not cursor then
  cursor = start
  redis.call('HSET', head, 'c', cursor)
end
if redis.call('HEXISTS', head, 'off') == 1 then return {seq, now, epoch, out} end
n, hold, bound = tonumber(n), tonumber(hold), tonumber(bound)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', pending, '-inf', now, 'LIMIT', 0, n)) do
  local entry = redis.call('XRANGE', feed, id, id)[1]
  if entry then
    redis.call('ZADD', pending, now + hold, id)
    out[#out + 1] = {id, entry[2], tonumber(redis.call('HGET', tries, id) or 0)}
  else
    redis.call('ZREM', pending, id)
    redis.call('HDEL', tries, id)
  end
end
local room = math.min(n - #out, bound - redis.call('ZCARD', pending))
if room > 0 then
  for _, entry in ipairs(redis.call('XRANGE', feed, '(' .. cursor, '+', 'COUNT', room)) do
    redis.call('ZADD', pending, now + hold, entry[1])
    out[#out + 1] = {entry[1], entry[2], tonumber(redis.call('HGET', tries, entry[1]) or 0)}
    cursor = entry[1]
  end
  redis.call('HSET', head, 'c', cursor)
end
return {seq, now, epoch, out}
