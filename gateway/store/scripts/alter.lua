#!lua flags=allow-oom
-- A change of a record beside messages, if it is still exactly what the change was computed from; with all that follows
-- from it. Safe to repeat: a record that already is what the change makes of it counts as applied.
-- ARGV: kind, id, old and new state (new '': the record and its claims go, as if it had never been), due, event ('':
-- none), client, when it ends (0: not yet), what is limited as in `open` with how many and the window, the name under
-- which this counts there, ms the feed is kept, then each claim and when it ends.
local kind, id, old, new, due, event, client, ends = unpack(ARGV, 3, 10)
local limited, most, window, member, keep = unpack(ARGV, 11, 15)
local record = L .. kind .. ':' .. id
local held = redis.call('GET', record)
if held ~= old then return {seq, now, epoch, (held or '') == new and 'done' or 'changed'} end
local function claims(work)
  for i = 16, #ARGV, 2 do
    local claim = L .. 'k:' .. ARGV[i]
    if string.sub(redis.call('GET', claim) or '', 1, 26) == id then work(claim, ARGV[i + 1]) end
  end
end
if new == '' then
  redis.call('DEL', record)
  redis.call('ZREM', L .. 'z', kind .. id)
  if limited ~= '' then redis.call('ZREM', L .. 'y:' .. limited, member) end
  claims(function(claim) redis.call('DEL', claim) end)
  return {seq, now, epoch, 'done'}
end
local wait = limit(limited, most, window, member)
if wait then return {seq, now, epoch, 'limited', wait} end
redis.call('SET', record, new)
if due == '0' then
  redis.call('ZREM', L .. 'z', kind .. id)
else
  redis.call('ZADD', L .. 'z', due, kind .. id)
end
if event ~= '' then
  redis.call('XADD', L .. 'e:' .. client, 'MINID', '~', real - keep, '*', 'k', event, 'i', id, 'n', 0)
end
if ends ~= '0' then
  redis.call('PEXPIREAT', record, ends)
  claims(function(claim, at) redis.call('PEXPIREAT', claim, at) end)
end
return {seq, now, epoch, 'done'}
