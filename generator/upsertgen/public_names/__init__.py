"""Public names: each one is recorded, and a run in which one would move or vanish fails.

In come what would be emitted, `names.lock.yaml` of the specs folder, and the renames that a `pyproject.toml`
declares under `[[tool.upsertgen.renames]]`; out come the old names to emit as aliases, which warn, and the
record as it should be. `check.py` is the way in: it reads the record (`record.py`) and follows the renames
(`resolution.py`). What a name is and how a rename is declared, `public_name.py` and `renames.py` beside this
package say.
"""
