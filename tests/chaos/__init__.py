"""A seeded fault simulator: a whole gateway on a real Redis, in virtual time, with a vendor, callers and processes
that misbehave as a seed says. Three ledgers (callers', vendors', the gateway's) are compared at the end of each case.

    python -m tests.chaos --cases 1000      many seeds
    python -m tests.chaos --seed 7          one again, told step by step
"""
