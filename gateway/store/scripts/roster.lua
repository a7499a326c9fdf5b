#!lua flags=allow-oom
-- Up to n of a client's reservations by their time, from one time to before another. Those of one time stand in the
-- order of their ids, so that a place among them is found again whatever has left meanwhile.
-- ARGV: client, from ('-inf'), to ('+inf'), n, and the last one seen: its time ('': none) and id. Answers ids and times
-- in turn.
local client, from, to, n, time, id = unpack(ARGV, 3, 8)
local key = L .. 'r:' .. client
local first
if time == '' then
  first = redis.call('ZCOUNT', key, '-inf', '(' .. from)
else
  local low = redis.call('ZCOUNT', key, '-inf', '(' .. time)
  local high = low + redis.call('ZCOUNT', key, time, time)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if redis.call('ZRANGE', key, middle, middle)[1] <= id then low = middle + 1 else high = middle end
  end
  first = low
end
local rows, before = redis.call('ZRANGE', key, first, first + n - 1, 'WITHSCORES'), tonumber(to) or math.huge
local out = {}
for i = 1, #rows, 2 do
  if tonumber(rows[i + 1]) >= before then break end
  out[#out + 1] = rows[i]
  out[#out + 1] = rows[i + 1]
end
return {seq, now, epoch, out}
