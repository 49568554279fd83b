"""Bulk upserts. In come records (`source`); out goes an outcome for each (`outcomes`, `report`).

A record becomes an input (`values`), part of a batch (`batcher`), a request and, with its answer, an outcome
(`answers`). `run` decides all of it and never waits; `session` adds limiter, progress and, by
`memory`, journal and state; `sync_driver` and `async_driver` wait. Start with `resource`, which emitted code
calls; then read `session`.
"""
