"""Commands: one module for each, called as what it does; `upsertgen.cli` puts them together.

In come flags and the settings of the nearest `pyproject.toml`; out go what people read, and an exit code.
Start with `generate`. `options` is what they share: a setting (`upsertgen.configuration`) says itself which
flag it is. What a command does stands in `run`, `release`, `diff` and `importing`; here it is told.
"""
