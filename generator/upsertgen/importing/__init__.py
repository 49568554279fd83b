"""Import: published OpenAPI documents to spec files in the house form.

One way, each step a module: a source is opened (`sources`, `archives`, `download`), documents are chosen
(`patterns`, `collecting`), read (`parsing`), reduced to what is wanted (`reduction`, `cleaning`, `dialect`),
given their names and constants (`naming`, `object_types`, `known`), completed and laid out (`completing`,
`sharing`, `house_form`, `texts`, `house_yaml`), checked as a whole (`proof`), and written (`writing`,
`provenance`). Nothing here knows a particular API: what is particular stands in `settings`.
"""

from upsertgen.importing.planning import ImportPlan, plan_import
from upsertgen.importing.request import Request
from upsertgen.importing.settings import ImportSettings, read_import_settings

__all__ = ["ImportPlan", "ImportSettings", "Request", "plan_import", "read_import_settings"]
