#!lua
-- A record beside messages: its claims, the limit it counts for, itself and its time, or nothing at all. Safe to repeat
-- under the same id. An empty state only looks the claims up.
-- ARGV: kind, id, state, tag and key claim ('': none), hash of what was asked, due, what is limited ('': nothing), how
-- many of it in a window, the window in ms; when record and claims end and when the key does (0: not yet).
local kind, id, state, tag, key, hash, due, limited, most, window, ends, key_ends = unpack(ARGV, 3, 14)
local function claimed(name)
  return name ~= '' and redis.call('GET', L .. 'k:' .. name) or nil
end
local by_tag, by_key = claimed(tag), claimed(key)
if by_tag or by_key then
  local first = by_tag or by_key
  local holder = string.sub(first, 1, 26)
  if holder == id then return {seq, now, epoch, 'new'} end
  if by_tag and by_key and string.sub(by_key, 1, 26) ~= holder then return {seq, now, epoch, 'torn', holder} end
  if string.sub(first, 27) ~= hash then return {seq, now, epoch, by_tag and 'tag' or 'key', holder} end
  return {seq, now, epoch, 'replay', holder}
end
if state == '' then return {seq, now, epoch, 'none'} end
local record = L .. kind .. ':' .. id
if redis.call('EXISTS', record) == 1 then return {seq, now, epoch, 'new'} end
local wait = limit(limited, most, window, id)
if wait then return {seq, now, epoch, 'limited', wait} end
local function keep(name, value, at)
  redis.call('SET', name, value)
  if at ~= '0' then redis.call('PEXPIREAT', name, at) end
end
keep(record, state, ends)
if tag ~= '' then keep(L .. 'k:' .. tag, id .. hash, ends) end
if key ~= '' then keep(L .. 'k:' .. key, id .. hash, key_ends) end
if due ~= '0' then redis.call('ZADD', L .. 'z', due, kind .. id) end
return {seq, now, epoch, 'new'}
