"""What a new project is called where nobody says."""

from __future__ import annotations

import keyword
import sys
from pathlib import Path

from upsertgen.ir.names import module_name


def default_package(folder: Path) -> str:
    """Return the import name of the client of a project, after its folder.

    Example:
        >>> default_package(Path("My CRM")), default_package(Path("acme-upsert"))
        ('my_crm_client', 'acme_upsert')
    """
    name = module_name(folder.resolve().name).strip("_") or "upsert"
    if not name.endswith(("_client", "_upsert")):
        name = f"{name}_client"
    usable = name[0].isalpha() and name.isascii() and not keyword.iskeyword(name)
    return name if usable and name not in sys.stdlib_module_names else "upsert_client"
