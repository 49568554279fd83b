"""Bulk upserts against real servers, journals and Redis, and the emitted command."""
