#!lua flags=allow-oom
-- What became of a request: `good` (the vendor answered it), `down` (no connection), `lost` (no readable answer), `busy`
-- (the vendor asked to wait), `login` (it refused our login), or '' (nothing: only the number in flight is told).
-- KEYS and the first ARGV as for a grant: clock offset ms, verdict, who tells, its requests in flight, ms after which
-- one in flight is over, what this failure weighs, ms of the shortest and the longest pause. Failures in a row that
-- weigh 100 together open the gate.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2] + ARGV[1] * 1000
local ms, verdict, teller, mine, lasts = math.floor(now / 1000), ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local gate, value = KEYS[2], {}
local function note(...) redis.call('HSET', gate, ...) end
local function open(times)
  local pause = math.min(tonumber(ARGV[7]) * 2 ^ (times - 1), tonumber(ARGV[8]))
  note('state', 'open', 'opened', times, 'till', string.format('%.0f', ms + pause))
end

if mine > 0 then
  note('o:' .. teller, string.format('%d %.0f', mine, ms + lasts))
else
  redis.call('HDEL', gate, 'o:' .. teller)
end
local state = redis.call('HGET', gate, 'state')
if verdict == 'login' then
  note('login', 'refused')
  redis.call('HINCRBY', gate, 'refusals', 1)
elseif verdict == 'down' or verdict == 'lost' then
  local failures = redis.call('HINCRBY', gate, 'failures', ARGV[6])
  if state == 'half_open' then
    open(tonumber(redis.call('HGET', gate, 'opened') or 0) + 1)
  elseif state ~= 'open' and failures >= 100 then
    open(1)
  end
elseif verdict ~= '' then
  if verdict == 'busy' then
    local free = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now + 1000000)
    redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', 60000)
  end
  redis.call('HDEL', gate, 'failures')
  if redis.call('HGET', gate, 'login') == 'unproven' then note('login', 'proven') end
  if redis.call('HGET', gate, 'login') == 'proven' then redis.call('HDEL', gate, 'refusals') end
  -- An answer to what was sent before the gate opened says little about now.
  if state == 'half_open' then redis.call('HDEL', gate, 'state', 'opened', 'till', 'probe', 'prober') end
end
return 1
