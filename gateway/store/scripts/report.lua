#!lua flags=allow-oom
-- What became of a request: `good` (the vendor answered it), `down` (no connection), `lost` (no readable answer), `busy`
-- (the vendor asked to wait), `login` (it refused our login), or '' (nothing: only the number in flight is told).
-- KEYS as for a grant. ARGV: clock offset ms, verdict, who tells, its requests in flight, ms after which one in flight is
-- over, what this failure weighs, ms of the shortest and the longest pause, '1' where the request was the probe, a digest
-- of the login where failed ones are counted, '1' where the answer proves it, the round it was tried in. Failures in a row
-- that weigh 100 together open the gate.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2] + ARGV[1] * 1000
local ms, verdict, teller, mine, lasts = math.floor(now / 1000), ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local probe, login, proves = ARGV[9] == '1', ARGV[10], ARGV[11] == '1'
local gate, desk = KEYS[2], KEYS[3]
local function open(times)
  local pause = math.min(tonumber(ARGV[7]) * 2 ^ (times - 1), tonumber(ARGV[8]))
  redis.call('HSET', gate, 'state', 'open', 'opened', times, 'till', string.format('%.0f', ms + pause))
end

if mine > 0 then
  redis.call('HSET', desk, 'o:' .. teller, string.format('%d %.0f', mine, ms + lasts))
else
  redis.call('HDEL', desk, 'o:' .. teller)
end
-- Whatever became of it, it was heard.
if login ~= '' and (verdict ~= '' or mine == 0) then redis.call('HDEL', desk, 'h:' .. teller) end
if verdict == '' then return 1 end

if login ~= '' then
  if verdict == 'login' then
    redis.call('HSET', desk, 'no:' .. login, 1)
    redis.call('HINCRBY', desk, 'refusals', 1)
    redis.call('HINCRBY', desk, 'round', 1)
    if redis.call('HGET', desk, 'proven') == login then redis.call('HDEL', desk, 'proven') end
  elseif proves and ARGV[12] == (redis.call('HGET', desk, 'round') or '0') then
    -- Of an earlier round, from before a refusal, a reset or a start, it would prove nothing any more.
    redis.call('HDEL', desk, 'refusals')
    redis.call('HSET', desk, 'proven', login)
    for _, name in ipairs(redis.call('HKEYS', desk)) do
      if string.sub(name, 1, 2) == 'h:' then redis.call('HDEL', desk, name) end
    end
  end
end
if verdict == 'busy' then
  local free = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now + 1000000)
  redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', 60000)
end

-- While it is open or probed, only the probe's answer tells of the vendor now.
local state = redis.call('HGET', gate, 'state') or 'closed'
local fails = verdict == 'down' or verdict == 'lost'
if state == 'half_open' and probe then
  if fails then
    open(tonumber(redis.call('HGET', gate, 'opened') or 0) + 1)
  else
    redis.call('HDEL', gate, 'state', 'opened', 'till', 'probe', 'prober', 'failures')
  end
elseif state == 'closed' then
  if not fails then
    redis.call('HDEL', gate, 'failures')
  elseif redis.call('HINCRBY', gate, 'failures', ARGV[6]) >= 100 then
    open(1)
  end
end
return 1
