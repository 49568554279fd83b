"""Write: files in memory to folders, in one transaction, and why each file of the output differs.

In come the files that should be there and what they were made from; out come an `OutputPlan` of what
differs and why, and folders that are as before or complete. Start with `OutputFolder`: `plan` compares and
writes nothing, `apply` writes.

Everything that `generate`, `import` and `release` write goes through `transaction.commit`: files of several
folders are staged, one rename commits all of them, and only then do the folders change. `recover`, with
which every run that writes begins, completes what a killed run had committed and removes what it had not;
`folder_locks` keeps runs apart. What the manifest does not know, and every symlink, is left alone; where it
stands in the way, the run is refused. The output folder itself must not be a symlink either: a run writes
where it is told to, and nowhere else.
"""

from upsertgen.write.output_folder import (
    Action,
    Change,
    NewFile,
    OutputFolder,
    OutputPlan,
    refuse_symlink,
)

__all__ = ["Action", "Change", "NewFile", "OutputFolder", "OutputPlan", "refuse_symlink"]
