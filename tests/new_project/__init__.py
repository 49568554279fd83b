"""Tests of `upsertgen init`."""
