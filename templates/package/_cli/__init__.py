"""The command line: the records of a file are upserted. No part of the public interface.

In come arguments, a file and a token from the environment; out go a table, a file of rejected records and an
exit code. Start with `entry`, which the installed command calls, then `command`, which declares all options,
and `run`, which does what they ask for: rows (`rows`) go from `content`, `csv_source` and `source` through
`columns` to the client's `iter_upsert`, and outcomes to `display` and `rejects`. What can be upserted is
in the emitted `catalogue`, made of `object_types`. Of bulk upserts it knows `..bulk`, the outcomes, and what
values and tables look like as text.
"""
