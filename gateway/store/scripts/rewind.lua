#!lua flags=allow-oom
-- Has an endpoint be told of its client's feed from an entry on once more; what it has not come to yet it comes to anyway.
-- ARGV: endpoint, the entry before.
local head = L .. 'w:' .. ARGV[3]
local function parts(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(number)
end
local held = redis.call('HGET', head, 'c')
if held then
  local ms, number = parts(held)
  local to_ms, to_number = parts(ARGV[4])
  if to_ms < ms or (to_ms == ms and to_number < number) then redis.call('HSET', head, 'c', ARGV[4]) end
else
  redis.call('HSET', head, 'c', ARGV[4])
end
return {seq, now, epoch}
