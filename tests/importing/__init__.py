"""Tests of `upsertgen import`, with published-style documents of our own making."""
