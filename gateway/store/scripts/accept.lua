#!lua
-- One message: claims, limits, record, index, and its place in the queue or on the agenda, or nothing at all.
-- Safe to repeat under the same id. An empty state only looks the claims up.
local id, state, content, step, hash, tag, key = unpack(ARGV, 3, 9)
local client, provider, high, phase, due = unpack(ARGV, 10, 14)
local day, day_ends, interval, burst, bound, line, known = unpack(ARGV, 15, 21)
local entry, month, kind, batch, reserved = unpack(ARGV, 22, 26)

local function claimed(name)
  return name ~= '' and redis.call('GET', L .. 'k:' .. name) or nil
end
local by_tag, by_key = claimed(tag), claimed(key)
if by_tag or by_key then
  local first = by_tag or by_key
  local holder = string.sub(first, 1, 26)
  if holder == id then return {seq, now, epoch, 'new'} end
  if by_tag and by_key and string.sub(by_key, 1, 26) ~= holder then
    return {seq, now, epoch, 'torn', holder}
  end
  if string.sub(first, 27) ~= hash then
    return {seq, now, epoch, by_tag and 'tag' or 'key', holder}
  end
  if key ~= '' and not by_key then
    -- The key now names this message too, and ends with it.
    local record = redis.call('HGET', L .. 'm:' .. holder, 's')
    -- At most so many (of 24 bytes each): who draws a new key for each repeat has the tag to go by.
    if record and #cmsgpack.unpack(record)[CLAIMS] < 2400 then
      local S = cmsgpack.unpack(record)
      local ttl = redis.call('PTTL', L .. 'm:' .. holder)
      redis.call('SET', L .. 'k:' .. key, holder .. hash)
      if ttl > 0 then redis.call('PEXPIRE', L .. 'k:' .. key, ttl) end
      S[CLAIMS] = S[CLAIMS] .. key .. ' '
      redis.call('HSET', L .. 'm:' .. holder, 's', cmsgpack.pack(S))
    end
  end
  return {seq, now, epoch, 'replay', holder}
end
if state == '' then return {seq, now, epoch, 'none'} end
if redis.call('EXISTS', L .. 'm:' .. id) == 1 then return {seq, now, epoch, 'new'} end
-- It was long on its way, and its time has passed: a repeat may have been told so already.
if tonumber(due) <= now then return {seq, now, epoch, 'late'} end

if tonumber(redis.call('HGET', L .. 'n', provider .. ':' .. high) or 0) >= tonumber(bound) then
  return {seq, now, epoch, 'full'}
end
local left = -1
if interval ~= '0' then
  local step_us, now_us = tonumber(interval), now * 1000
  local tat = tonumber(redis.call('GET', L .. 'l:' .. client) or 0)
  if tat < now_us or tat > now_us + step_us * burst * 2 then tat = now_us end
  local spare = now_us + step_us * burst - tat - step_us
  if spare < 0 then return {seq, now, epoch, 'limited', math.ceil(-spare / 1000)} end
  redis.call('SET', L .. 'l:' .. client, string.format('%.0f', tat + step_us), 'PX', math.ceil(step_us * burst / 1000) + 1000)
  left = math.floor(spare / step_us)
end

if tonumber(known) < epoch then
  -- Adopted while this was on its way: what is accepted only now was sent by nobody before.
  local S = cmsgpack.unpack(state)
  S[EPOCH] = epoch
  state = cmsgpack.pack(S)
end
redis.call('HSET', L .. 'm:' .. id, 's', state, 'c', content, 't', step .. ',')
if tag ~= '' then redis.call('SET', L .. 'k:' .. tag, id .. hash) end
if key ~= '' then redis.call('SET', L .. 'k:' .. key, id .. hash) end
-- Lists of ids, each kept as long as the longest of what it names may be.
local function list(name)
  if redis.call('RPUSH', name, id) == 1 then
    redis.call('EXPIREAT', name, day_ends)
  else
    redis.call('EXPIREAT', name, day_ends, 'GT')
  end
end
list(L .. 'x:' .. client .. ':d:' .. day)
if batch ~= '' then
  list(L .. 'g:' .. batch .. ':i')
  redis.call('EXPIREAT', L .. 'g:' .. batch, day_ends, 'GT')
end
redis.call('ZADD', L .. 'a', due, id)
if phase == 'q' then push(provider, high, line, entry) end
if reserved ~= '' then redis.call('ZADD', L .. 'r:' .. client, reserved, id) end
if month ~= '0' then count(client, month, kind, 1) end
return {seq, now, epoch, 'new', left}
