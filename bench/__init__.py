"""Measurements of jwtkit beside its peers and the bare primitives: `python -m bench`, or `make bench`.

Everything is timed in one run, in interleaved rounds (`bench.interleave`), and judged as ratios: a ratio of
two things timed in the same round hardly changes with the machine or with what else runs on it.
"""
