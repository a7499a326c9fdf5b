#!lua flags=allow-oom
-- Up to n start times for requests to a provider, evenly spaced by its rate, at most 100 ms ahead (us from now), if
-- its gate lets them through.
-- KEYS: the next free time of the rate, shared by a rate group; the provider's gate; its vendor account's desk.
-- ARGV: clock offset ms, us between requests, n, who asks ('': only the rate), its requests in flight, most in flight
-- of all together, ms after which one in flight is over, a digest of the login where failed ones are counted, refusals
-- in a row after which only an operator tries again. Answers the gate's state, failures in a row, the round of tries at
-- the login, and start times.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2] + ARGV[1] * 1000
local interval, n, asker = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local ms, mine, most, lasts = math.floor(now / 1000), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local login, left = ARGV[8], tonumber(ARGV[9])
-- Further off than anybody's: the clock stepped back.
local function coming(at) return at > ms and at <= ms + 900000 + lasts end
local function fields(key)
  local flat, map = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

local gate, desk, others, over, unheard = fields(KEYS[2]), fields(KEYS[3]), 0, {}, 0
for name, value in pairs(desk) do
  -- Let through before the login was proven, by one that never said what came of it: it may have been refused.
  if string.sub(name, 1, 2) == 'h:' and name ~= 'h:' .. asker then unheard = unheard + 1 end
  local count, ends = string.match(value, '^(%d+) (%d+)$')
  if count and not coming(tonumber(ends)) then
    over[#over + 1] = name
  elseif count and name ~= 'o:' .. asker then
    others = others + tonumber(count)
  end
end
local state = gate.state or 'closed'
if state == 'open' then
  local wait = tonumber(gate.till) - ms
  if wait <= 0 or wait > 60000 then state = 'half_open' end
end
if state == 'half_open' then
  local out = coming(tonumber(gate.probe or 0))
  if out and not (gate.prober == asker and mine == 0) then state = 'probing' end
end
-- One fewer where some are guessed: an operator's reset is to have one left.
if unheard > 0 then left = left - 1 end
if login ~= '' and (desk['no:' .. login] or tonumber(desk.refusals or 0) + unheard >= left) then state = 'locked' end
if gate.paused then state = 'paused' end
local reply = {state, tonumber(gate.failures or 0), tonumber(desk.round or 0)}

if asker ~= '' then
  table.sort(over)
  if #over > 0 then redis.call('HDEL', KEYS[3], unpack(over)) end
  if login ~= '' and desk.proven ~= login then most = 1 end
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
  while #reply < n + 3 and nextfree - now <= horizon do
    reply[#reply + 1] = math.floor(nextfree - now)
    nextfree = nextfree + interval
  end
  redis.call('SET', KEYS[1], string.format('%.0f', nextfree), 'PX', math.ceil((horizon + interval) / 1000) + 60000)
end
if asker ~= '' then
  local held = mine + #reply - 3
  if held > 0 then
    redis.call('HSET', KEYS[3], 'o:' .. asker, string.format('%d %.0f', held, ms + lasts))
  else
    redis.call('HDEL', KEYS[3], 'o:' .. asker)
  end
  if login ~= '' and desk.proven ~= login and #reply > 3 then redis.call('HSET', KEYS[3], 'h:' .. asker, 1) end
  if state == 'half_open' and #reply > 3 then
    redis.call('HSET', KEYS[2], 'state', 'half_open', 'prober', asker, 'probe', string.format('%.0f', ms + lasts))
  end
end
return reply
