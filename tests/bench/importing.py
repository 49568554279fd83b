"""How long `upsertgen import` takes, and how much memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, python
from tests.importing.published_documents import SPECS, published

DOCUMENTS = 600
TOTAL = 40 * 2**20
LARGE = 2**20
PATHS = 60

_IMPORT = """
import sys, time
started = time.perf_counter()
from pathlib import Path
from upsertgen.importing import ImportSettings, Request, plan_import
settings = ImportSettings(("batch/upsert",), pattern="Rollouts/{rollout}/{version}/{type}")
request = Request(sys.argv[1], "v1", specs=Path(sys.argv[2]), settings=settings)
plan = plan_import(request, lambda *_: None)
plan.apply()
spent = time.perf_counter() - started
from tests.memory import peak_memory
print(spent, peak_memory(), len(plan.spec_changes))
"""


def measure_import(folder: Path) -> Iterator[Figure]:
    """Import a collection and a large document, each in a process of its own."""
    collection = folder / "collection"
    size = sum(_write(collection, number) for number in range(DOCUMENTS))
    seconds, memory, files = _run(collection, folder / "collection-specs")
    detail = f"{DOCUMENTS} documents, {size / 2**20:.0f} MB, {files} files written"
    yield Figure("import of a collection", seconds, 10, "s", detail)
    yield Figure("peak memory of that", memory, 300, "MB")
    large = folder / "large.json"
    document = _document("large", PATHS)
    _pad(document, LARGE)
    large.write_text(json.dumps(document), encoding="utf-8")
    seconds, _, _ = _run(large, folder / "large-specs")
    detail = f"{PATHS} paths, {large.stat().st_size / 2**20:.1f} MB"
    yield Figure("import of a large document", seconds, 1, "s", detail)


def _write(folder: Path, number: int) -> int:
    """Write one document; every second one has an operation that is imported."""
    name = f"thing{number}"
    document = _document(name, 12)
    if number % 2:
        document["paths"] = {
            path: item for path, item in document["paths"].items() if "upsert" not in path
        }
    _pad(document, TOTAL // DOCUMENTS)
    path = folder / f"Group/{name}/Rollouts/{number}/v1/{name}.json"
    path.parent.mkdir(parents=True)
    text = json.dumps(document)
    path.write_text(text, encoding="utf-8")
    return len(text)


def _document(name: str, paths: int) -> dict[str, Any]:
    document = published(SPECS / "v3" / "contacts.yaml", other_paths=paths - 1)
    document["paths"] = {
        path.replace("/contacts/", f"/{name}/"): item for path, item in document["paths"].items()
    }
    return document


def _pad(document: dict[str, Any], size: int) -> None:
    """Fill a document up to a size with schemas that nothing selected reaches."""
    field = {"type": "string", "example": None}
    text = {"type": "object", "properties": {f"field{number}": field for number in range(20)}}
    missing = (size - len(json.dumps(document))) // (len(json.dumps(text)) + 16)
    document["components"]["schemas"].update({f"Other{one}": text for one in range(missing)})


def _run(source: Path, specs: Path) -> tuple[float, float, int]:
    seconds, memory, files = python(_IMPORT, str(source), str(specs)).split()
    return float(seconds), float(memory), int(files)
