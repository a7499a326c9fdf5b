#!lua flags=allow-oom
-- About n messages queued for a provider, left where they are: from each line that may go to one of those that serve, or
-- from every line. Entries that are not queued there any more are dropped on the way.
-- ARGV: provider, n, names of those that serve (none: every line). Answers the messages, and how many were dropped.
local provider, n = ARGV[3], tonumber(ARGV[4])
local serves = {}
for i = 5, #ARGV do serves[ARGV[i]] = true end
local function leads_on(line)
  local ways = string.match(line, '%+(.*)$')
  for name in string.gmatch(ways or '', '[^,]+') do
    if serves[name] then return true end
  end
  return #ARGV < 5
end

local out, dropped = {}, 0
for high = 1, 0, -1 do
  local ring, lines = L .. 'q:' .. provider .. ':' .. high, {}
  for _, line in ipairs(redis.call('LRANGE', ring, 0, -1)) do
    if leads_on(line) then lines[#lines + 1] = line end
  end
  -- A few of each: what cannot leave in one line hides nothing in another.
  local few = math.max(math.floor(n / math.max(#lines, 1)), 1)
  for _, line in ipairs(lines) do
    if #out + dropped >= n then break end
    local list = ring .. ':' .. line
    for _, entry in ipairs(redis.call('LRANGE', list, 0, few - 1)) do
      local id = string.sub(entry, 1, 26)
      local record = redis.call('HMGET', L .. 'm:' .. id, 's', 'c')
      local S = record[1] and cmsgpack.unpack(record[1])
      local waits = S and S[PHASE] == 'q' and S[PROVIDER] == provider
      if waits and S[EPOCH] < epoch then
        -- In the Redis that was lost it may have been sent since: the rules decide, at once.
        redis.call('ZADD', L .. 'a', now, id)
        waits = false
      elseif waits then
        out[#out + 1] = {id, record[1], record[2]}
      end
      if not waits then
        redis.call('LREM', list, 1, entry)
        redis.call('HINCRBY', L .. 'n', provider .. ':' .. high, -1)
        dropped = dropped + 1
      end
    end
    if redis.call('EXISTS', list) == 0 then redis.call('LREM', ring, 0, line) end
  end
end
return {seq, now, epoch, out, dropped}
