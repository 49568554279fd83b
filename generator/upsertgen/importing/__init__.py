"""Import: published OpenAPI documents to spec files as they are written here.

In come a `Request` and a specs folder, out comes an `ImportPlan` of what to write; nothing here knows a
particular API, because what is particular stands in `settings`. Start with `plan.plan_import`, which goes the
whole way: a `source` is opened and its `collection` asked which documents count (`object_types`), each
`document` is read and reduced to what is wanted (`reduction`, `normalization`), and with what the specs
folder knows already (`inventory`) they become files (`layout`, `components`, `texts`, `yaml_writer`) and a
record of where they come from (`provenance`).
"""

from upsertgen.importing.plan import ImportPlan, plan_import
from upsertgen.importing.settings import ImportSettings, Request, read_import_settings

__all__ = ["ImportPlan", "ImportSettings", "Request", "plan_import", "read_import_settings"]
