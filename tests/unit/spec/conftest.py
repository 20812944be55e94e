"""Fixtures of the tests that need Synapse's environment."""

from real_synapse import engine

__all__ = ["engine"]
