#!lua flags=allow-oom
-- What became of telling an endpoint of an event. ARGV: endpoint, event, after how many tries this one was, when it is
-- tried again ('': not any more), 'off' where the endpoint is to be left alone from now on, then names and values to be
-- noted of it.
local endpoint, id, before, again, off = unpack(ARGV, 3, 7)
local head, pending, tries = L .. 'w:' .. endpoint, L .. 'wd:' .. endpoint, L .. 'wt:' .. endpoint
if #ARGV > 7 then redis.call('HSET', head, unpack(ARGV, 8)) end
if off == 'off' then redis.call('HSET', head, 'off', now) end
if tonumber(redis.call('HGET', tries, id) or 0) ~= tonumber(before) then return {seq, now, epoch, 0} end
if again == '' then
  redis.call('ZREM', pending, id)
  redis.call('HDEL', tries, id)
elseif redis.call('ZSCORE', pending, id) then
  redis.call('ZADD', pending, again, id)
  redis.call('HSET', tries, id, before + 1)
end
return {seq, now, epoch, 1}
