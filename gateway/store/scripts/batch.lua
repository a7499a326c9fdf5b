#!lua
-- A batch is opened, or known already by its Idempotency-Key. Safe to repeat under the same id.
-- ARGV: id, client, created ms, content hash, key claim ('': none), ms the key is kept, ms the batch is kept.
local id, client, created, hash, key, key_lasts, lasts = unpack(ARGV, 3, 9)
local held = key ~= '' and redis.call('GET', L .. 'k:' .. key)
if held and string.sub(held, 1, 26) ~= id then
  local same = string.sub(held, 27) == hash
  return {seq, now, epoch, same and 'replay' or 'key', string.sub(held, 1, 26)}
end
local batch = L .. 'g:' .. id
redis.call('HSET', batch, 'c', client, 't', created)
redis.call('PEXPIRE', batch, lasts)
if key ~= '' then redis.call('SET', L .. 'k:' .. key, id .. hash, 'PX', key_lasts) end
return {seq, now, epoch, 'new'}
