-- Put before every lane script. KEYS[1]: the lane's counter; ARGV[1]: "{lane}"; ARGV[2]: clock offset in ms (tests).
-- Every other key is made from ARGV[1], so it lies in the same slot. A state is a MessagePack array; its positions
-- (STATUS, PHASE, ...) are generated from the Python struct.
local L = ARGV[1]
local clock = redis.call('TIME')
local real = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now = real + tonumber(ARGV[2])
-- The counter only rises: who sees it fall knows that this Redis forgot writes. The epoch says when an operator last
-- adopted what Redis held; what an older record says of its tries may lack those that were forgotten.
local seq = redis.call('INCR', KEYS[1])
local epoch = tonumber(redis.call('GET', L .. 'j') or 0)
-- A process saw that writes were lost: closed for all until adopted.
if epoch < 0 then return {seq, now, epoch} end

-- An entry of a queue: the message's id; where messages may share a request, 8 characters that are equal where all but
-- the receiver is, 6 that are equal where the receiver is, and how many may share it.
local function push(provider, high, line, entry)
  local ring = L .. 'q:' .. provider .. ':' .. high
  if redis.call('RPUSH', ring .. ':' .. line, entry) == 1 then
    redis.call('RPUSH', ring, line)
  end
  redis.call('HINCRBY', L .. 'n', provider .. ':' .. high, 1)
end

-- Messages of a client's month by `provider|carrier|status`; kept 400 days.
local function count(client, month, field, by)
  local key = L .. 'u:' .. client .. ':' .. month
  if redis.call('HINCRBY', key, field, by) == by then redis.call('EXPIRE', key, 34560000) end
end
