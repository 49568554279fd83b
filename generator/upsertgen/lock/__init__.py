"""The name lock: public names are recorded, and a run in which one would move or vanish fails.

`names.lock.yaml` in the specs folder lists every public name of the distribution. What a spec renames has
to be declared under `[[tool.upsertgen.renames]]`, and then leaves an alias that warns. `check.py` is the
way in; all but it and `record.py`, which knows the file's form, is about names alone.
"""
