#!lua flags=allow-oom
-- Up to n start times for requests to a provider, evenly spaced by its rate, at most 100 ms ahead: in us from now.
-- KEYS[1]: the provider's (or its rate group's) next free time. ARGV: clock offset ms, us between requests, n.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2] + ARGV[1] * 1000
local interval, n = tonumber(ARGV[2]), tonumber(ARGV[3])
local horizon = 100000
local nextfree = tonumber(redis.call('GET', KEYS[1]) or 0)
-- In the past: nothing is saved up. Too far in the future: the clock stepped back, and what was granted before may
-- still be used within the horizon.
if nextfree < now then nextfree = now end
if nextfree > now + horizon + interval then nextfree = now + horizon + interval end
local starts = {}
while #starts < n and nextfree - now <= horizon do
  starts[#starts + 1] = math.floor(nextfree - now)
  nextfree = nextfree + interval
end
redis.call('SET', KEYS[1], string.format('%.0f', nextfree), 'PX', math.ceil((horizon + interval) / 1000) + 60000)
return starts
