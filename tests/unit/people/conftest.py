"""Fixtures of the tests that need a real Synapse."""

from real_synapse import engine, real_synapse

__all__ = ["engine", "real_synapse"]
