#!lua flags=allow-oom
-- Claim and intent in one: up to n queued messages of a provider, and those that may share a request with one of them,
-- become `submitting` in the hands of `owner`. Urgent ones first; clients in turn. What the record says decides: an
-- entry that is not queued any more is dropped. Answers them, and how many entries were taken off the queue.
local provider, owner, n, lease, atmost = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local NEAR = 300
local out, names, taken, looked, taken_off = {}, {}, 0, 0, 0

local function claim(entry, high)
  local id = string.sub(entry, 1, 26)
  redis.call('HINCRBY', L .. 'n', provider .. ':' .. high, -1)
  local record = redis.call('HMGET', L .. 'm:' .. id, 's', 'c', 't')
  local S = record[1] and cmsgpack.unpack(record[1])
  if not S then return false end
  -- A reservation that the vendor is to keep has to be there in time, and stays what it is on the way.
  local handover = S[HANDOVER] or 0
  local reserved = handover > 0
  local deadline = reserved and math.min(handover, S[EXPIRES_AT]) or S[EXPIRES_AT]
  -- Past its time the agenda ends it, not we.
  if S[PHASE] ~= 'q' or S[PROVIDER] ~= provider or deadline <= now then return false end
  if S[EPOCH] < epoch or S[DUE] < deadline then
    -- In the Redis that was lost it may have been sent since: the rules decide, at once.
    redis.call('ZADD', L .. 'a', now, id)
    return false
  end
  if not reserved and S[STATUS] ~= 'submitting' and (S[MONTH] or 0) ~= 0 then
    local kind = provider .. '|' .. S[CARRIER] .. '|'
    count(S[CLIENT], S[MONTH], kind .. S[STATUS], -1)
    count(S[CLIENT], S[MONTH], kind .. 'submitting', 1)
  end
  if not reserved then S[STATUS] = 'submitting' end
  S[PHASE], S[OWNER] = 'h', owner
  S[FENCE] = S[FENCE] + 1
  S[OPEN] = S[OPEN] .. S[FENCE] .. ' '
  S[STALLS] = S[STALLS] + 1
  -- No earlier than what was told before, should the clock have stepped back.
  local at = math.max(now, S[UPDATED_AT])
  S[DUE], S[UPDATED_AT] = now + lease, at
  local told = {}
  if S[STEPS] < 48 then
    S[STEPS] = S[STEPS] + 1
    local step = '[%.0f,"submitting","%s"],'
    if reserved then step = '[%.0f,"' .. S[STATUS] .. '","%s","","being handed over, to be kept until its time"],' end
    told = {'t', record[3] .. string.format(step, at, provider)}
  end
  local state = cmsgpack.pack(S)
  redis.call('HSET', L .. 'm:' .. id, 's', state, unpack(told))
  redis.call('ZADD', L .. 'a', S[DUE], id)
  names[#names + 1] = id
  out[#out + 1] = {id, state, record[2]}
  return true
end

-- Further messages that may leave in the request of `first`, out of the next ones of its list; each receiver once.
local function gather(first, list, high)
  local wording, most, party = string.sub(first, 27, 34), math.min(tonumber(string.sub(first, 41)), atmost), 1
  local met, passed = {[string.sub(first, 35, 40)] = true}, 0
  for _, entry in ipairs(most > 1 and redis.call('LRANGE', list, 0, NEAR - 1) or {}) do
    if party == most then break end
    local receiver = string.sub(entry, 35, 40)
    if string.sub(entry, 27, 34) ~= wording or met[receiver] then
      passed = passed + 1
    else
      if claim(entry, high) then
        party = party + 1
        met[receiver] = true
      end
      if passed == 0 then redis.call('LPOP', list) else redis.call('LREM', list, 1, entry) end
      taken_off = taken_off + 1
    end
  end
end

for high = 1, 0, -1 do
  local ring = L .. 'q:' .. provider .. ':' .. high
  while taken < n and looked < n + 50 do
    local line = redis.call('LPOP', ring)
    if not line then break end
    local list = ring .. ':' .. line
    local entry = redis.call('LPOP', list)
    looked = looked + 1
    if entry and claim(entry, high) then
      taken = taken + 1
      if #entry > 26 then gather(entry, list, high) end
    end
    if redis.call('EXISTS', list) == 1 then redis.call('RPUSH', ring, line) end
  end
end
if #names > 0 then redis.call('SADD', L .. 'o:' .. owner, unpack(names)) end
return {seq, now, epoch, out, looked + taken_off}
