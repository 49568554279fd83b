"""Bulk upserts: any number of records, one outcome for each."""
