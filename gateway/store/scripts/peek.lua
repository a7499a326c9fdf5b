#!lua flags=allow-oom
-- Up to n messages queued for a provider, left where they are: those in lines that may go elsewhere, or all of them.
-- Entries that are not queued there any more are dropped on the way.
local provider, n, all = ARGV[3], tonumber(ARGV[4]), ARGV[5]
local out, looked = {}, 0
for high = 1, 0, -1 do
  local ring = L .. 'q:' .. provider .. ':' .. high
  for _, line in ipairs(redis.call('LRANGE', ring, 0, 199)) do
    if looked >= n then break end
    if all == '1' or string.sub(line, -1) == '+' then
      local list = ring .. ':' .. line
      for _, id in ipairs(redis.call('LRANGE', list, 0, n - looked - 1)) do
        looked = looked + 1
        local record = redis.call('HMGET', L .. 'm:' .. id, 's', 'c')
        local S = record[1] and cmsgpack.unpack(record[1])
        if S and S[PHASE] == 'q' and S[PROVIDER] == provider then
          out[#out + 1] = {id, record[1], record[2]}
        else
          redis.call('LREM', list, 1, id)
          redis.call('HINCRBY', L .. 'n', provider .. ':' .. high, -1)
        end
      end
      if redis.call('EXISTS', list) == 0 then redis.call('LREM', ring, 0, line) end
    end
  end
end
return {seq, now, epoch, out, looked}
