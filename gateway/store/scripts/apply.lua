#!lua flags=allow-oom
-- A change, if the record is still exactly what it was computed from; with all that follows from it.
-- Safe to repeat: a record that already is what the change makes of it counts as applied.
local id, old, new, step, content = unpack(ARGV, 3, 7)
local queue, high, client, due, owner = unpack(ARGV, 8, 12)
local event, steps, watched, ends, day, line = unpack(ARGV, 13, 18)
local entry, month, was, is, batch, reserved, keep = unpack(ARGV, 19, 25)
local record = L .. 'm:' .. id
local held = redis.call('HMGET', record, 's', 't')
if held[1] ~= old then
  -- Of two changes made at once the states may be equal, and the contents not.
  local same = held[1] == new and (content == '' or redis.call('HGET', record, 'c') == content)
  return {seq, now, epoch, same and 1 or 0}
end
local fields = {'s', new}
if step ~= '' then
  fields[3], fields[4] = 't', held[2] .. step .. ','
end
if content ~= '' then
  fields[#fields + 1] = 'c'
  fields[#fields + 1] = content
end
redis.call('HSET', record, unpack(fields))
if due == '0' then
  redis.call('ZREM', L .. 'a', id)
else
  redis.call('ZADD', L .. 'a', due, id)
end
if queue ~= '' then push(queue, high, line, entry) end
if was ~= is and month ~= '0' then
  count(client, month, was, -1)
  count(client, month, is, 1)
end
if reserved == '-' then
  redis.call('ZREM', L .. 'r:' .. client, id)
elseif reserved ~= '' then
  redis.call('ZADD', L .. 'r:' .. client, reserved, id)
end
if owner ~= '' then redis.call('SREM', L .. 'o:' .. owner, id) end
if event ~= '' then
  -- `~` lets the server trim whole nodes.
  redis.call('XADD', L .. 'e:' .. client, 'MINID', '~', real - keep, '*', 'k', event, 'i', id, 'n', steps)
end
if ends ~= '0' then
  redis.call('PEXPIREAT', record, ends)
  redis.call('PEXPIREAT', L .. 'x:' .. client .. ':d:' .. day, ends, 'GT')
  if batch ~= '' then
    redis.call('PEXPIREAT', L .. 'g:' .. batch, ends, 'GT')
    redis.call('PEXPIREAT', L .. 'g:' .. batch .. ':i', ends, 'GT')
  end
  for i = 26, #ARGV, 2 do
    local claim = L .. 'k:' .. ARGV[i]
    -- A key outlived may name another message by now.
    if string.sub(redis.call('GET', claim) or '', 1, 26) == id then redis.call('PEXPIREAT', claim, ARGV[i + 1]) end
  end
end
if watched == '1' then redis.call('PUBLISH', 'answered', id) end
return {seq, now, epoch, 1}
