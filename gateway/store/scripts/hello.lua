#!lua flags=allow-oom
-- Before anything else on a new connection: where does this lane stand, and where did it stand when this Redis
-- started? The first to ask after a start notes the counter it woke with; whoever had seen a higher one knows that
-- writes were lost, however far others have counted on since.
-- KEYS: counter, epoch, starts; ARGV[1]: the server's run id.
local seq = tonumber(redis.call('GET', KEYS[1]) or 0)
local woke = redis.call('HGET', KEYS[3], ARGV[1])
if not woke then
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[3], ARGV[1], seq)
  woke = seq
end
return {seq, tonumber(redis.call('GET', KEYS[2]) or 0), tonumber(woke)}
