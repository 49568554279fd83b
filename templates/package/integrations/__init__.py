"""Upserts from within other programs that move data. Nothing here is imported unless it is used.

In come rows as such programs hand them out, and a method of a client; out go its outcomes in a form that they
take, or the errors that they know. Start with `dlt` for the destination of a pipeline, or with `partitions`
for the parts of a table (Spark, Ray, Dask). Both use what `bulk` gives, and how outcomes and
values are written.
"""
