"""Everything that knows Redis: the engine, the link, the scripts, and what they keep."""
