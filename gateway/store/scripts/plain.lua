#!lua flags=allow-oom
-- One command that a Redis without memory to spare must not refuse. ARGV: the command, about keys in the slot of KEYS[1].
return redis.call(unpack(ARGV))
