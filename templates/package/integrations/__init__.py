"""Upserts from within other programs that move data. Nothing here is imported unless it is used."""
