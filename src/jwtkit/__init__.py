"""jwtkit (being laid)."""
