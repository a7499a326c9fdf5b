#!lua flags=allow-oom
-- Claim and intent in one: up to n queued messages of a provider become `submitting` in the hands of `owner`.
-- Urgent ones first; clients in turn. What the record says decides: an entry that is not queued any more is dropped.
local provider, owner, n, lease = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local out, names, looked = {}, {}, 0
for high = 1, 0, -1 do
  local ring = L .. 'q:' .. provider .. ':' .. high
  while #names < n and looked < n + 50 do
    local line = redis.call('LPOP', ring)
    if not line then break end
    local list = ring .. ':' .. line
    local id = redis.call('LPOP', list)
    if redis.call('EXISTS', list) == 1 then redis.call('RPUSH', ring, line) end
    looked = looked + 1
    if id then
      redis.call('HINCRBY', L .. 'n', provider .. ':' .. high, -1)
      local record = redis.call('HMGET', L .. 'm:' .. id, 's', 'c', 't')
      local S = record[1] and cmsgpack.unpack(record[1])
      -- Past its time the agenda ends it, not we.
      local waits = S and S[PHASE] == 'q' and S[PROVIDER] == provider and S[EXPIRES_AT] > now
      if waits and (S[EPOCH] < epoch and not (S[FENCE] == 0 and S[SEND_AT] > epoch) or S[DUE] < S[EXPIRES_AT]) then
        -- In the Redis that was lost it may have been sent since: the rules decide, at once.
        redis.call('ZADD', L .. 'a', now, id)
      elseif waits then
        S[STATUS], S[PHASE], S[OWNER] = 'submitting', 'h', owner
        S[FENCE] = S[FENCE] + 1
        S[OPEN] = S[OPEN] .. S[FENCE] .. ' '
        S[STALLS] = S[STALLS] + 1
        -- No earlier than what was told before, should the clock have stepped back.
        local at = math.max(now, S[UPDATED_AT])
        S[DUE], S[UPDATED_AT] = now + lease, at
        local told = {}
        if S[STEPS] < 48 then
          S[STEPS] = S[STEPS] + 1
          told = {'t', record[3] .. string.format('[%.0f,"submitting","%s"],', at, provider)}
        end
        local state = cmsgpack.pack(S)
        redis.call('HSET', L .. 'm:' .. id, 's', state, unpack(told))
        redis.call('ZADD', L .. 'a', S[DUE], id)
        names[#names + 1] = id
        out[#out + 1] = {id, state, record[2]}
      end
    end
  end
end
if #names > 0 then redis.call('SADD', L .. 'o:' .. owner, unpack(names)) end
return {seq, now, epoch, out}
