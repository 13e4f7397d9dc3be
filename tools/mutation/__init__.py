"""Mutation testing: break the code in one place, and see whether a test notices."""
