"""How long the generator takes, against black alone on the same text, and how much memory; and `diff`."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from upsertgen.configuration import read_configuration
from upsertgen.emit.dcg import generate_all
from upsertgen.emit.files import Files
from upsertgen.emit.templates import Templates
from upsertgen.inputs import NO_VERSIONS
from upsertgen.ir import understand
from upsertgen.specs import read

from tests.bench.figures import ROOT, Figure, best_of, python, run

UPSERTGEN = str(Path(sys.executable).parent / "upsertgen")
DIFF = "import sys; from upsertgen.commands.diff import diff_command; diff_command(sys.argv[1:])"
BLACK_ALONE = """
import json, sys
from black import format_str
from black.mode import Mode, TargetVersion
mode = Mode(target_versions={TargetVersion.PY311}, line_length=100)
for text in json.load(open(sys.argv[1])):
    format_str(text, mode=mode)
"""
TOOLS_ALONE = """
from black import format_str
from black.mode import Mode, TargetVersion
from datamodel_code_generator import GenerateConfig, InputFileType, generate
schema = {"$defs": {"A": {"type": "object", "properties": {"a": {"type": "string"}}}}}
text = generate(schema, config=GenerateConfig(input_file_type=InputFileType.JsonSchema, formatters=[]))
format_str(text, mode=Mode(target_versions={TargetVersion.PY311}, line_length=100))
"""
IMPORTED = """
import sys
from upsertgen.cli import main
sys.argv[0] = "upsertgen"
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
slow = {"black", "datamodel_code_generator", "jinja2", "upsertgen.ir.tree", "yaml"}
print(",".join(slow & sys.modules.keys()))
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
    name = "everything from nothing / black alone in one process"
    yield Figure(name, all_time / black_time, 1.2, "x", detail)
    (idle,) = best_of(7, lambda: generate(ROOT / "specs", full))
    yield Figure("nothing changed", idle, 0.4, " s")
    imported = python(IMPORTED, "generate", *arguments(ROOT / "specs", full)).splitlines()[-1:]
    name = "slow imports when nothing changed"
    yield Figure(name, float(imported != [""]), 0, "", "".join(imported))
    specs = folder / "specs"
    touches = {"an object type's spec": "contacts.yaml", "shared schemas": "schemas.yaml"}
    for name, file in touches.items():
        shutil.rmtree(specs, ignore_errors=True)
        shutil.copytree(ROOT / "specs", specs)
        generate(specs, touched)
        times = [touch(specs / "v3" / file, number, specs, touched) for number in range(4)]
        yield Figure(f"one spec file touched: {name}", min(times), 1.5, " s")
    yield measure_cold(folder)
    yield from measure_scale(folder)
    yield from measure_diff(folder)


def measure_cold(folder: Path) -> Figure:
    """Measure one object type from nothing, in CPU time, against the tools that any such run has to load."""
    specs, output = folder / "cold", folder / "cold output"
    (specs / "v3").mkdir(parents=True)
    for name in ("contacts.yaml", "schemas.yaml"):
        shutil.copy(ROOT / "specs" / "v3" / name, specs / "v3")

    configuration = folder / "pyproject.toml"
    configuration.write_text("[tool.upsertgen]\n")
    given = arguments(specs, output, configuration)

    def from_nothing() -> None:
        shutil.rmtree(output, ignore_errors=True)
        run(UPSERTGEN, "generate", *given)

    tools = min(cpu_time(lambda: python(TOOLS_ALONE)) for _ in range(5))
    ours = min(cpu_time(from_nothing) for _ in range(5))
    detail = f"{ours:.2f} s CPU against {tools:.2f} s"
    name = "one object type from nothing, cold / loading black and datamodel-code-generator"
    return Figure(name, ours / tools, 2.0, "x", detail)


def measure_scale(folder: Path) -> Iterator[Figure]:
    """Measure ten times as many object types, and the memory that the real ones take."""
    many = folder / "many"
    shutil.copytree(ROOT / "specs", many)
    for path in (ROOT / "specs").glob("*/*.yaml"):
        if path.parent.name not in NO_VERSIONS and path.stem != "schemas":
            for number in range(2, 11):
                object_type, *more = path.name.split(".", 1)
                name = ".".join((f"{object_type}_copy{number}", *more))
                # Each operation of a version has a path of its own.
                text = re.sub("^  /", f"  /copy{number}/", path.read_text(), flags=re.MULTILINE)
                (many / path.parent.name / name).write_text(text)
    outputs = iter(range(100))
    one, ten = best_of(
        2,
        lambda: generate(ROOT / "specs", folder / f"one{next(outputs)}"),
        lambda: generate(many, folder / f"ten{next(outputs)}"),
    )
    detail = f"{ten:.1f} s against {one:.1f} s"
    yield Figure("ten times as many object types", ten / one, 11, "x", detail)
    peak, together = peak_memory(ROOT / "specs", folder / "memory")
    yield Figure("peak memory of the largest process", peak, 200, " MB")
    yield Figure("peak memory of all processes, shared pages counted once", together, 200, " MB")


def measure_diff(folder: Path) -> Iterator[Figure]:
    """Measure comparing two API versions, from the start of the process to its end."""
    specs = ("--specs", str(ROOT / "specs"))
    page = str(folder / "page.html")
    plain, html = best_of(
        5,
        lambda: python(DIFF, "2025-09", "2026-03", *specs),
        lambda: python(DIFF, "2025-09", "2026-03", *specs, "--format", "html", "--output", page),
    )
    yield Figure("upsertgen diff 2025-09 2026-03", plain, 1.0, " s")
    yield Figure("the same as an HTML page", html, 1.0, " s")


def rendered_texts() -> list[str]:
    """Return the texts that a run from nothing formats, before they are formatted."""
    settings = read_configuration(ROOT / "pyproject.toml")
    files = Files(understand(read(settings.specs)), Templates(None), settings)
    texts = [draft.text for draft in files.drafts() if draft.is_python]
    for models in files.models():
        classes = generate_all([models.task])[0] if models.task is not None else None
        texts.append(files.models_text(models, classes)[0])
    return texts


def cpu_time(action: Callable[[], object]) -> float:
    """Return the CPU time that the processes of an action take, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def touch(path: Path, number: int, specs: Path, output: Path) -> float:
    """Change a description in a spec and return how long the next run takes, in seconds."""
    text = path.read_text()
    before, _, after = text.rpartition("          description: ")
    path.write_text(f"{before}          description: Touched {number}, {after}")
    started = time.perf_counter()
    generate(specs, output)
    return time.perf_counter() - started


def arguments(
    specs: Path, output: Path, configuration: Path = ROOT / "pyproject.toml"
) -> list[str]:
    places = {"config": configuration, "specs": specs, "output": output}
    return [part for name, path in places.items() for part in (f"--{name}", str(path))]


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
    while process.poll() is None:
        time.sleep(0.01)
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
