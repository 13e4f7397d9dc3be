"""Measurements of jwtkit beside its peers and the bare primitives, in one run, as ratios."""
