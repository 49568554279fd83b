"""How long the generator takes, against black alone on the same text, and how much memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from upsertgen.configuration import read_configuration
from upsertgen.emit.drafts import Drafts
from upsertgen.emit.models import generate_all
from upsertgen.emit.templates import Templates
from upsertgen.run import understand_specs

from tests.bench.figures import Figure, best_of, python, run

ROOT = Path(__file__).parent.parent.parent
UPSERTGEN = str(Path(sys.executable).parent / "upsertgen")
BLACK_ALONE = """
import json, sys
from black import format_str
from black.mode import Mode, TargetVersion
mode = Mode(target_versions={TargetVersion.PY311}, line_length=100)
for text in json.load(open(sys.argv[1])):
    format_str(text, mode=mode)
"""
IMPORTED = """
import sys
from upsertgen.cli import main
sys.argv[0] = "upsertgen"
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(",".join(name for name in ("black", "datamodel_code_generator") if name in sys.modules))
"""


def measure_generator(folder: Path) -> Iterator[Figure]:
    texts = folder / "rendered.json"
    texts.write_text(json.dumps(rendered_texts()))
    empty, full, touched = folder / "empty", folder / "full", folder / "touched"
    generate(ROOT / "specs", full)

    def from_nothing() -> None:
        shutil.rmtree(empty, ignore_errors=True)
        generate(ROOT / "specs", empty)

    lines = sum(text.count("\n") for text in json.loads(texts.read_text()))
    all_time, black_time = best_of(5, from_nothing, lambda: python(BLACK_ALONE, str(texts)))
    detail = f"{all_time:.2f} s against {black_time:.2f} s, {lines} lines"
    yield Figure(
        "everything from nothing / black alone in one process",
        all_time / black_time,
        1.2,
        "x",
        detail,
    )
    (idle,) = best_of(7, lambda: generate(ROOT / "specs", full))
    yield Figure("nothing changed", idle, 0.4, " s")
    imported = python(IMPORTED, "generate", *arguments(ROOT / "specs", full)).splitlines()[-1:]
    yield Figure(
        "slow imports when nothing changed", float(imported != [""]), 0, "", "".join(imported)
    )
    for name, file in (
        ("an object type's spec", "v3/contacts.yaml"),
        ("shared schemas", "v3/schemas.yaml"),
    ):
        specs = folder / "specs"
        shutil.rmtree(specs, ignore_errors=True)
        shutil.copytree(ROOT / "specs", specs)
        generate(specs, touched)
        times = [touch(specs / file, number, specs, touched) for number in range(4)]
        yield Figure(f"one spec file touched: {name}", min(times), 1.5, " s")
    yield from measure_scale(folder)


def measure_scale(folder: Path) -> Iterator[Figure]:
    """Measure ten times as many object types, and the memory that the real ones take."""
    many = folder / "many"
    shutil.copytree(ROOT / "specs", many)
    for path in (ROOT / "specs").glob("*/*.yaml"):
        if path.parent.name != "overlays" and path.stem != "schemas":
            for number in range(2, 11):
                name = f"{path.stem}_copy{number}.yaml"
                (many / path.parent.name / name).write_text(path.read_text())
    outputs = iter(range(100))
    one, ten = best_of(
        2,
        lambda: generate(ROOT / "specs", folder / f"one{next(outputs)}"),
        lambda: generate(many, folder / f"ten{next(outputs)}"),
    )
    yield Figure(
        "ten times as many object types", ten / one, 11, "x", f"{ten:.1f} s against {one:.1f} s"
    )
    peak, together = peak_memory(ROOT / "specs", folder / "memory")
    yield Figure("peak memory of the largest process", peak, 200, " MB")
    yield Figure("peak memory of all processes, shared pages counted once", together, 200, " MB")


def rendered_texts() -> list[str]:
    """Return the texts that a run from nothing formats, before they are formatted."""
    settings = read_configuration(ROOT / "pyproject.toml")
    drafts = Drafts(understand_specs(settings), Templates(None), settings)
    texts = [draft.text for draft in drafts.others() if draft.expectation is not None]
    modules = drafts.classes_modules()
    generated = iter(generate_all([m.classes.task for m in modules.values() if m.classes.task]))
    for path, module in modules.items():
        texts.append(
            drafts.classes(path, module, next(generated) if module.classes.task else None).text
        )
    return texts


def touch(path: Path, number: int, specs: Path, output: Path) -> float:
    """Change a description in a spec and return how long the next run takes, in seconds."""
    text = path.read_text()
    before, _, after = text.rpartition("          description: ")
    path.write_text(f"{before}          description: Touched {number}, {after}")
    started = time.perf_counter()
    generate(specs, output)
    return time.perf_counter() - started


def arguments(specs: Path, output: Path) -> list[str]:
    return [
        "--config",
        str(ROOT / "pyproject.toml"),
        "--specs",
        str(specs),
        "--output",
        str(output),
    ]


def generate(specs: Path, output: Path) -> None:
    run(UPSERTGEN, "generate", *arguments(specs, output))


def peak_memory(specs: Path, output: Path) -> tuple[float, float]:
    """Return the most memory that one process, and all processes of a run from nothing, take in MB."""
    process = subprocess.Popen(
        [UPSERTGEN, "generate", *arguments(specs, output)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    largest = together = 0.0
    ended = threading.Event()

    def wait() -> None:
        process.wait()
        ended.set()

    threading.Thread(target=wait).start()
    while not ended.wait(0.01):
        proportional = [memory_of(pid) for pid in descendants(process.pid)]
        largest = max([largest, *(resident for resident, _ in proportional)])
        together = max(together, sum(shared for _, shared in proportional))
    return largest, together


def descendants(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in children]
    return found


def memory_of(pid: int) -> tuple[float, float]:
    """Return the resident and the proportional set size of a process in MB."""
    try:
        fields = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        )
    except OSError:
        return 0.0, 0.0
    resident, proportional = (int(fields[name].split()[0]) / 1024 for name in ("Rss", "Pss"))
    return resident, proportional
