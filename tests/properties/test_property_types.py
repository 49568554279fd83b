"""`upsertgen properties`: the module that it makes of files, what it says of them, and how it writes."""

from __future__ import annotations

import difflib
import importlib.util
import json
import runpy
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from package._properties.files import ANY_TYPE, read_files
from package._runtime.roles import PropertyRules
from upsertgen.properties.module import HEADER

from tests.command_line import snapshot, upsertgen, write_files
from tests.properties.command_runs import PropertiesCommand
from tests.properties.exports import row
from tests.properties.server import PropertiesServer

TYPED = Path(__file__).parent / "typed"
EXPECTED = TYPED / "crm_types.py"
KEYS = ("--key", "2-123=hs_object_id")
CONTACTS: Mapping[str, Any] = {
    "email": {"label": "Email", "type": "email", "unique": True},
    "stage": {
        "label": "Stage",
        "type": "enumeration",
        "options": {"lead": "Lead", "customer": "Customer"},
    },
    "phone": {"label": "Phone"},
    "class": {"label": "Class"},
}


def declared(
    properties: Mapping[str, Any], object_type: str = "contacts", **more: str
) -> dict[str, str]:
    """Return a file of properties, by its path."""
    data = {"object_type": object_type, **more, "properties": properties}
    return {f"properties/{object_type}.yaml": json.dumps(data)}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a module that is up to date; it is the current folder."""
    monkeypatch.chdir(write_files(tmp_path, declared(CONTACTS)))
    assert upsertgen("properties", "properties", "--output", "app/crm.py").code == 0
    return tmp_path


def changed(project: Path, properties: Mapping[str, Any], *flags: str) -> list[str]:
    """Return what --check says about a module once its file is another one."""
    write_files(project, declared(properties))
    outcome = upsertgen("properties", "properties", "--output", "app/crm.py", "--check", *flags)
    assert outcome.code == bool(outcome.out)
    return [one.removeprefix("app/crm.py: ") for one in outcome.out.splitlines()]


def test_files_give_the_expected_module(tmp_path: Path) -> None:
    output = tmp_path / "crm_types.py"
    assert upsertgen("properties", TYPED, "--output", output, *KEYS).code == 0
    found, wanted = output.read_text("utf-8"), EXPECTED.read_text("utf-8")
    lines = [text.splitlines(keepends=True) for text in (wanted, found)]
    difference = "".join(difflib.unified_diff(lines[0], lines[1], str(EXPECTED), "made"))
    if difference:
        pytest.fail(
            "other output; if it should be, run 'upsertgen properties tests/properties/typed --output "
            f"tests/properties/typed/crm_types.py {' '.join(KEYS)}' and look at the diff\n{difference}",
            pytrace=False,
        )


def test_the_module_can_be_imported_and_names_keys_and_properties() -> None:
    spec = importlib.util.spec_from_file_location("crm_types", EXPECTED)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.KEYS["contacts"] == ("email",)
    assert module.KEYS["line_items"] == ("external_id", "sku")
    assert module.Contacts.__required_keys__ == {"email"}
    assert module.Contacts.__optional_keys__ == module.WRITABLE["contacts"] - {"email"}
    assert module.LineItems.__required_keys__ == set()
    assert module.Object2_123.__required_keys__ == {"hs_object_id"}
    assert module.READ_ONLY["contacts"] == {"fax_", "hs_createdate", "hs_lead_score"}


def test_what_is_pulled_can_be_typed_and_what_changes_is_told(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    assert command.pull("contacts", "deals", "2-123").code == 0
    arguments = ("properties", "properties", "--output", "crm.py")
    assert upsertgen(*arguments).code == 0
    module = runpy.run_path("crm.py")
    rules = {ANY_TYPE: PropertyRules()}
    for name, declared in read_files(["properties"], rules).items():
        writable = {each.name for each in declared.properties.values() if each.is_writable}
        assert module["WRITABLE"][name] == writable
        assert module["READ_ONLY"][name] == declared.properties.keys() - writable
    account.rows["deals"] = [row("amount", "number", "number", read_only=True), row("stage")]
    assert command.pull("contacts", "deals", "2-123").code == 0
    outcome = upsertgen(*arguments, "--check")
    assert outcome.code == 1
    assert outcome.out.splitlines() == [
        "crm.py: deals.amount: can no longer be written",
        "crm.py: deals.dealname: is gone",
        "crm.py: deals.stage: is new",
    ]


def test_what_the_api_refuses_as_a_key_is_none(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    account.rows["contacts"] = [
        row(each, hasUniqueValue=True) for each in ("email", "hs_object_id", "code")
    ]
    assert command.pull("contacts").code == 0
    arguments = ("properties", "properties", "--output", "crm.py")
    assert upsertgen(*arguments).code == 0
    assert runpy.run_path("crm.py")["KEYS"] == {"contacts": ("code", "email")}
    outcome = upsertgen(*arguments, "--key", "contacts=hs_object_id")
    assert outcome.code == 2
    assert "key of 'contacts' is 'hs_object_id', by which the API finds no records" in outcome.err


def test_what_no_file_can_tell_is_noted(tmp_path: Path) -> None:
    files = (declared({"a": None}, "deals", account="1"), declared(CONTACTS, account="2"))
    for one in files:
        write_files(tmp_path, one)
    outcome = upsertgen(
        "properties",
        TYPED,
        tmp_path / "properties/deals.yaml",
        "--output",
        "x.py",
        "--check",
        *KEYS,
    )
    told = [one for one in outcome.err.splitlines() if one.startswith("note: ")]
    assert told == [
        "note: 2-123: the file does not say that its key hs_object_id is unique",
        "note: deals: no property is required, because none can be its key; name the one that "
        "is with --key deals=PROPERTY",
        "note: line_items: no property is required, because several may be its key (external_id, sku); "
        "name the one that is with --key line_items=PROPERTY",
        "note: the files are of different accounts: 1 (deals), 1234567 (contacts)",
    ]


@pytest.mark.parametrize(
    ("name", "declaration", "told"),
    [
        ("fax", {}, ".fax: is new"),
        ("fax", {"read_only": True}, ".fax: is new, and cannot be written"),
        ("phone", {"label": "Phone", "calculated": True}, ".phone: can no longer be written"),
        ("phone", {"label": "Phone", "archived": True}, ".phone: can no longer be written"),
        (
            "phone",
            {"label": "Phone", "type": "number"},
            ".phone: its type changes from TextValue to NumberValue",
        ),
        (
            "phone",
            {"label": "Phone number"},
            ".phone: what is said of it changes from 'Phone (text).' to 'Phone number (text).'",
        ),
        ("class", {"type": "bool"}, ".class: its type changes from TextValue to BoolValue"),
        (
            "phone",
            {"label": "Phone", "type": "enumeration", "options": ["a"]},
            ".phone: its type changes from TextValue to OneOf of 1 option",
        ),
        (
            "class",
            {"label": "Kind"},
            ": what is said of names that no class can have changes from '… - class: Class (text).' to "
            "'… - class: Kind (text).'",
        ),
        ("fax", {"unique": True}, ": its keys change from email to email, fax"),
    ],
)
def test_a_change_is_told_property_by_property(
    project: Path, name: str, declaration: Mapping[str, Any], told: str
) -> None:
    before = snapshot(project / "app")
    assert f"contacts{told}" in changed(
        project, {**CONTACTS, name: declaration}, "--key", "contacts=email"
    )
    assert snapshot(project / "app") == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lead": "Lead"}, ["its option 'customer' is gone"]),
        ({**CONTACTS["stage"]["options"], "x": "X"}, ["its option 'x' is new"]),
        ({"x": "X", "lead": "Lead"}, ["its option 'customer' is gone", "its option 'x' is new"]),
        ({"customer": "Customer", "lead": "Lead"}, ["the order of its options changes"]),
    ],
)
def test_a_change_of_options_is_told(
    project: Path, options: Mapping[str, str], told: list[str]
) -> None:
    stage = {**CONTACTS["stage"], "options": options}
    found = changed(project, {**CONTACTS, "stage": stage})
    assert found == [f"contacts.stage: {one}" for one in told]


def test_what_is_gone_and_what_is_new_is_told(project: Path) -> None:
    (project / "properties/contacts.yaml").unlink()
    write_files(project, declared({"a": {"unique": True}, "b": None}, "p_pets"))
    outcome = upsertgen("properties", "properties", "--output", "app/crm.py", "--check")
    assert outcome.out.splitlines() == [
        "app/crm.py: contacts: is gone",
        "app/crm.py: p_pets: is new, with 2 properties",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "there is no such module yet"),
        (f"{HEADER}\nx = (", "it cannot be read any more; somebody has edited it"),
        (f"{HEADER}\n", "it cannot be read any more; somebody has edited it"),
    ],
)
def test_a_module_that_tells_nothing_is_stale(project: Path, text: str | None, told: str) -> None:
    module = project / "app/crm.py"
    module.unlink() if text is None else module.write_text(text, "utf-8")
    assert changed(project, CONTACTS) == [told]


def test_another_layout_is_stale(project: Path) -> None:
    module = project / "app/crm.py"
    module.write_text(module.read_text("utf-8") + "\n", "utf-8")
    (told,) = changed(project, CONTACTS)
    assert told.startswith("its layout or texts")


def test_nothing_is_written_that_is_up_to_date(project: Path) -> None:
    before = snapshot(project)
    outcome = upsertgen("properties", "properties/*.yaml", "--output", "app/crm.py")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "app/crm.py is up to date with 1 object type.\n"
    assert snapshot(project) == before
    assert changed(project, CONTACTS) == []


def test_a_file_of_somebody_else_is_kept_without_force(project: Path) -> None:
    write_files(project, {"app/crm.py": "own = 1\n"})
    outcome = upsertgen("properties", "properties", "--output", "app/crm.py")
    assert outcome.code == 2
    assert "no run of 'upsertgen properties' has written this file" in outcome.err
    assert (project / "app/crm.py").read_text("utf-8") == "own = 1\n"
    assert upsertgen("properties", "properties", "--output", "app/crm.py", "--force").code == 0
    assert (project / "app/crm.py").read_text("utf-8").startswith(HEADER)


def test_a_symlink_is_not_followed(project: Path) -> None:
    (project / "app/crm.py").rename(project / "elsewhere.py")
    (project / "app/crm.py").symlink_to(project / "elsewhere.py")
    for flags in ((), ("--force",)):
        outcome = upsertgen("properties", "properties", "--output", "app/crm.py", *flags)
        assert outcome.code == 2
        assert "app/crm.py: the output 'app/crm.py' is a symlink" in outcome.err


def test_what_a_killed_run_left_is_removed(project: Path) -> None:
    write_files(project, {"app/.upsertgen.staged/0": "half"})
    write_files(project, declared({**CONTACTS, "fax": None}))
    assert upsertgen("properties", "properties", "--output", "app/crm.py").code == 0
    assert [path.name for path in (project / "app").iterdir()] == ["crm.py"]


SETTINGS = """\
[tool.upsertgen.properties]
files = ["properties/*.yaml"]
output = "app/crm.py"
keys = { contacts = "phone" }
"""


def test_settings_stand_in_for_arguments(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(project, {"pyproject.toml": SETTINGS})
    monkeypatch.chdir(project / "app")
    outcome = upsertgen("properties", "--check")
    assert outcome.code == 1
    told = "crm.py: contacts: its keys change from email to phone, email"
    assert told in outcome.out.splitlines()
    # A flag overrides a setting.
    assert upsertgen("properties", "--check", "--key", "contacts=email").code == 0
    shutil.copy(project / "properties/contacts.yaml", project / "app/other.yaml")
    assert upsertgen("properties", "other.yaml", "--output", "other.py").code == 0
    assert (
        'KEYS: _Final[_Mapping[str, tuple[str, ...]]] = {\n    "contacts": (\n        "phone"'
        in (project / "app/other.py").read_text("utf-8")
    )


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            "file = 1",
            "pyproject.toml:2:1: the setting 'file' is not known; expected one of files, ",
        ),
        ("files = 'x'", "pyproject.toml:2:1: the setting files is 'x'; expected a list of texts"),
        ("output = 1", "pyproject.toml:2:1: the setting output is 1; expected text in quotes"),
        (
            "keys = ['a']",
            "pyproject.toml:2:1: the setting keys is ['a']; expected a table of texts",
        ),
        ("output = 'a.txt'", "pyproject.toml:2:1: the output is 'a.txt'; expected a Python module"),
        (
            "output = 'con.py'",
            "pyproject.toml:2:1: the output is 'con.py', and 'con.py' is the name",
        ),
        (
            "keys = {deals='a'}",
            "pyproject.toml:2:1: a key is told for 'deals', and no file has its",
        ),
        (
            "keys = {contacts='emial'}",
            "pyproject.toml:2:1: the key of 'contacts' is 'emial', which ",
        ),
    ],
)
def test_wrong_settings_are_refused(project: Path, settings: str, problem: str) -> None:
    write_files(project, {"pyproject.toml": f"[tool.upsertgen.properties]\n{settings}\n"})
    arguments = [] if "output" in settings else ["--output", "app/crm.py"]
    outcome = upsertgen("properties", "properties/contacts.yaml", *arguments)
    assert outcome.code == 2
    assert [one for one in outcome.problems if one.startswith(problem)], outcome.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--output", "x.py"], "FILES: no file of properties is named; expected files such as "),
        (["properties"], "--output: no module to write is named; expected --output with a path"),
        (["nothing.yaml", "--output", "x.py"], "nothing.yaml: there is no such file of properties"),
        (["empty", "--output", "x.py"], "empty: there is no such file of properties"),
        (
            ["properties", "--output", "x.py", "--key", "contacts=old"],
            "--key: the key of 'contacts' is 'old', which is archived",
        ),
    ],
)
def test_wrong_arguments_are_refused(project: Path, arguments: list[str], problem: str) -> None:
    (project / "empty").mkdir()
    write_files(project, declared({**CONTACTS, "old": {"archived": True}}))
    outcome = upsertgen("properties", *arguments)
    assert outcome.code == 2
    assert [one for one in outcome.problems if one.startswith(problem)], outcome.err


def test_a_key_without_a_property_is_a_usage_error(project: Path) -> None:
    outcome = upsertgen("properties", "properties", "--output", "app/crm.py", "--key", "contacts")
    assert outcome.code == 2
    assert "'contacts' is not TYPE=PROPERTY" in outcome.err


def test_a_folder_that_cannot_be_written_is_told(project: Path) -> None:
    write_files(project, declared({**CONTACTS, "fax": None}))
    before = (project / "app/crm.py").read_bytes()
    (project / "taken").write_text("no folder", "utf-8")
    outcome = upsertgen("properties", "properties", "--output", "taken/crm.py")
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert (project / "app/crm.py").read_bytes() == before
    assert stat.S_ISREG((project / "taken").stat().st_mode)
