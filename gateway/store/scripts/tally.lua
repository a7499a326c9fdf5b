#!lua flags=allow-oom
-- How many messages of a batch have which status. ARGV: batch. Answers statuses and numbers in turn.
local counts, answer = {}, {}
for _, id in ipairs(redis.call('LRANGE', L .. 'g:' .. ARGV[3] .. ':i', 0, -1)) do
  local state = redis.call('HGET', L .. 'm:' .. id, 's')
  if state then
    local status = cmsgpack.unpack(state)[STATUS]
    counts[status] = (counts[status] or 0) + 1
  end
end
for status, number in pairs(counts) do
  answer[#answer + 1] = status
  answer[#answer + 1] = number
end
return {seq, now, epoch, answer}
