"""The fault simulator with real processes: gateways with their own or an outside Redis, vendors on sockets, callers
who repeat what was not answered, and a seeded plan of who is killed, stopped or cut off meanwhile. Then calm, and
three ledgers (callers', vendors', the gateway's) are compared. Linux only: it looks at processes in /proc.

    python -m tests.siege --cases 50        many seeds
    python -m tests.siege --seed 7          one again, told as it happens

A seed fixes who does what; when exactly a process gets to run is the machine's affair, so that a finding may need
several replays. `tests.chaos` does the same in virtual time in one process, a thousand times faster.
"""
