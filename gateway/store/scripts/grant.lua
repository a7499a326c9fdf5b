#!lua flags=allow-oom
-- Up to n start times for requests to a provider, evenly spaced by its rate, at most 100 ms ahead (us from now), if
-- its gate lets them through. KEYS: the next free time of the rate, shared by a rate group; the provider's gate.
-- ARGV: clock offset ms, us between requests, n, who asks ('': the gate is looked at, not passed), its requests in
-- flight, most in flight of all together, ms after which one in flight is over, '1' where failed logins are counted.
-- Answers the gate's state, failures in a row, start times.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2] + ARGV[1] * 1000
local interval, n, asker = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local ms, mine, most, lasts = math.floor(now / 1000), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local gate, others, over = {}, 0, {}
local flat = redis.call('HGETALL', KEYS[2])
for i = 1, #flat, 2 do
  local count, ends = string.match(flat[i + 1], '^(%d+) (%d+)$')
  if not count then
    gate[flat[i]] = flat[i + 1]
  elseif tonumber(ends) <= ms or tonumber(ends) > ms + 2 * lasts then
    over[#over + 1] = flat[i]
  elseif flat[i] ~= 'o:' .. asker then
    others = others + tonumber(count)
  end
end
local state = gate.state or 'closed'
if state == 'open' then
  local wait = tonumber(gate.till) - ms
  -- Further off than any pause: the clock stepped back.
  if wait <= 0 or wait > 60000 then state = 'half_open' end
end
if state == 'half_open' then
  local probe = tonumber(gate.probe or 0)
  local out = probe > ms and probe <= ms + 2 * lasts
  if out and not (gate.prober == asker and mine == 0) then state = 'probing' end
end
if ARGV[8] == '1' and gate.login == 'refused' then state = 'locked' end
if gate.paused then state = 'paused' end
local reply = {state, tonumber(gate.failures or 0)}

if asker ~= '' then
  if #over > 0 then redis.call('HDEL', KEYS[2], unpack(over)) end
  if ARGV[8] == '1' and gate.login ~= 'proven' then most = 1 end
  if state == 'half_open' then n = math.min(n, 1) end
  if state ~= 'closed' and state ~= 'half_open' then n = 0 end
  n = math.min(n, most - others - mine)
end
if n > 0 then
  local horizon = 100000
  local nextfree = tonumber(redis.call('GET', KEYS[1]) or 0)
  -- In the past: nothing is saved up. Too far in the future: the clock stepped back, and what was granted before may
  -- still be used within the horizon. (A vendor that asked to wait is given a second.)
  local furthest = now + horizon + math.max(interval, 1000000)
  if nextfree < now then nextfree = now end
  if nextfree > furthest then nextfree = furthest end
  while #reply < n + 2 and nextfree - now <= horizon do
    reply[#reply + 1] = math.floor(nextfree - now)
    nextfree = nextfree + interval
  end
  redis.call('SET', KEYS[1], string.format('%.0f', nextfree), 'PX', math.ceil((horizon + interval) / 1000) + 60000)
end
if asker ~= '' then
  local held = mine + #reply - 2
  if held > 0 then
    redis.call('HSET', KEYS[2], 'o:' .. asker, string.format('%d %.0f', held, ms + lasts))
  else
    redis.call('HDEL', KEYS[2], 'o:' .. asker)
  end
  if state == 'half_open' and #reply > 2 then
    redis.call('HSET', KEYS[2], 'state', 'half_open', 'prober', asker, 'probe', string.format('%.0f', ms + lasts))
  end
end
return reply
