"""Input that cannot be used: each problem is told with its place, and nothing is written.

Each case is a small project that is in order, with one thing broken. In the broken text `‸` stands where
the message has to point.
"""
