"""What the command line takes."""

from __future__ import annotations

import re
from typing import Any, Final

import click

from .._bulk.summary import counted
from .choosing import choose, overview, path_arguments
from .mapping import Mapper, parse_mappings
from .options import parameters
from .problems import BadInput
from .rejects import WRITTEN_OF
from .resources import Catalogue
from .running import Result, Task, run
from .source import format_of

ACCEPTED: Final = 0
REJECTED: Final = 1
STOPPED: Final = 2

_LIMIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)/([0-9]+(?:\.[0-9]+)?)")
_HELP = """Create or update the records of FILE, by the value of a unique property.

FILE is CSV with a header, JSON Lines or Parquet; - is standard input. Columns become the properties of
the same name. Any number of records will do: the file is read as they are sent."""
_EXIT_CODES = (
    "Exit codes: 0 all records were accepted, 1 some were rejected or are unknown, 2 the run was stopped, "
    "or bad input or usage."
)


def command(catalogue: Catalogue) -> click.Command:
    """Make the command.

    Args:
        catalogue: What can be upserted.
    """

    def callback(object_type: str | None, file: str | None, **options: Any) -> int:
        if options.pop("list"):
            for line in overview(catalogue, options["api_version"]):
                click.echo(line)
            return ACCEPTED
        if object_type is None or file is None:
            missing = "OBJECT_TYPE" if object_type is None else "FILE"
            raise BadInput(f"{missing} is missing; '{catalogue.program} --help' explains")
        task = _task(catalogue, object_type, file, options)
        return _tell(task, run(task))

    return click.Command(
        catalogue.program,
        callback=callback,
        params=parameters(catalogue),
        help=_HELP,
        epilog=_epilog(catalogue),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _task(catalogue: Catalogue, object_type: str, file: str, options: dict[str, Any]) -> Task:
    choice = choose(catalogue, options["api_version"], object_type)
    id_property: str | None = options["id_property"]
    if choice.resource.has_id_property and id_property is None:
        raise BadInput("name the unique property that finds a record with --id-property")
    if not choice.resource.has_id_property and id_property is not None:
        raise BadInput(
            f"{choice.name} has no --id-property: its records are found by an id of theirs"
        )
    format = options["format"] or format_of(file)
    delimiter = options["delimiter"]
    mapper = Mapper(
        parse_mappings(options["maps"]),
        only=options["only"],
        skipped=options["skip"],
        # Whoever writes JSON or Parquet tells an empty text from nothing; in CSV they look the same.
        clears=options["clear_empty"] or format != "csv",
    )
    return Task(
        choice=choice,
        arguments=path_arguments(choice, options["arguments"]),
        path=file,
        format=format,
        delimiter="\t" if delimiter == "tab" else delimiter,
        encoding=options["encoding"],
        mapper=mapper,
        id_property=id_property,
        limit=_limit(options["limit"]),
        **{
            name: options[name]
            for name in (
                "duplicates",
                "concurrency",
                "time_budget",
                "journal",
                "rejects",
                "dry_run",
                "token_variable",
                "base_url",
                "allow_plain_http",
                "limiter",
                "limiter_name",
            )
        },
    )


def _limit(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise BadInput(f"--limit must be REQUESTS/SECONDS, such as 190/10; got {text!r}")
    return float(match[1]), float(match[2])


def _tell(task: Task, result: Result) -> int:
    """Print what came of a run, and give the exit code."""
    report = result.report
    if result.problem is None or report.records:
        click.echo(str(report))
    if result.rejected:
        what = counted(result.rejected, "record is", "records are")
        click.echo(f"\n{what} in {task.rejects}, to be corrected and used as FILE")
    if result.problem is not None:
        raise BadInput(result.problem)
    if report.stop is not None or (report.not_sent and not task.dry_run):
        return STOPPED
    return REJECTED if any(report.counts[each] for each in WRITTEN_OF) else ACCEPTED


def _epilog(catalogue: Catalogue) -> str:
    name, label = catalogue.program, list(catalogue.versions)[-1]
    first = next(iter(catalogue.versions[label].resources))
    usual = f"  {name} {first} records.csv --api-version {label} --id-property my_key"
    # The character \b keeps click from filling the lines of a paragraph.
    examples = (
        f"\b\nExamples:\n{usual}\n{usual} --dry-run\n{usual} \\\n"
        "      --map 'My key=my_key' --journal run.sqlite --rejects rejects.csv\n"
        f"  zcat records.jsonl.gz | {name} {first} - --format jsonl …"
    )
    return f"{examples}\n\n{_EXIT_CODES}"
