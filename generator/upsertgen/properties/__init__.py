"""Properties: what an account has, from the files that say so, to a module of TypedDicts.

In come files of properties, one for each object type; out comes one Python module with a TypedDict for each.
Start with `run.plan_module`, which goes the whole way: `reader` makes `tree.ObjectType`s of the files,
`classes` makes classes of these with datamodel-code-generator, `module` lays them out, formats and proves
them, and `comparison` says property by property what differs from the module that is there.
"""

from upsertgen.properties.run import ModulePlan, plan_module, write_module
from upsertgen.properties.settings import PropertySettings, read_property_settings

__all__ = [
    "ModulePlan",
    "PropertySettings",
    "plan_module",
    "read_property_settings",
    "write_module",
]
