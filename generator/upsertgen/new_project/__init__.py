"""A new project: from a published document, or by hand, to a folder in which `generate` is green.

In comes what `init` is asked for, out comes a plan of files that is proven before anything is written.
Start with `plan.plan_project`: `candidates` finds the batch upserts of a document and calls their object
types, `upsertgen.importing` makes specs of them, `guesses` (with `shapes`) says what their bodies tell,
`overlay` writes that down, and `files` has the texts of everything else.
"""

from upsertgen.new_project.plan import NewProject, ProjectPlan, plan_project

__all__ = ["NewProject", "ProjectPlan", "plan_project"]
