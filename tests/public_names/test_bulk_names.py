"""Methods for any number of records are recorded, and what would take them away is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command_line import snapshot, upsertgen
from tests.public_names.project import LOCK, Project
from tests.servers import TOKEN, Server, answer

REFERENCE = "schemas.yaml#/components/schemas/Batch"
UPSERT = f"""\
overlay: 1.0.0
info: {{title: Upserts, version: "1"}}
actions:
  - target: $.info
    update: {{x-of: us}}
  - target: >-
      $.paths[?@.post.requestBody.content['application/json'].schema['$ref'] == '{REFERENCE}'].post
    update:
      x-upsert: {{inputs: inputs, key: id, results: results, created: new, result-id: id}}
  - target: $.components.schemas[?@.properties.status].properties
    update: {{startedAt: {{type: string}}}}
"""
OVERLAY = "specs/overlays/upsert.yaml"
ACTION = f"{OVERLAY}:6:13"
OWN = f"""\
components:
  schemas:
    PetsBatch: {{$ref: "{REFERENCE}"}}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project whose names are recorded, with people and pets in two versions."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        project = Project(folder, "v1", "v2", package="bulk_names")
        project.add_pets("v1")
        project.add_pets("v2")
        project.write("overlays", "upsert.yaml", UPSERT)
        project.released()
        shutil.copytree("specs", "before")
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, "v1", "v2", package="bulk_names")


def place(file: str, text: str) -> str:
    """Return where a text first stands in a file."""
    for number, line in enumerate(Path(file).read_text("utf-8").splitlines(), 1):
        if text in line:
            return f"{file}:{number}:{line.index(text) + 1}"
    raise AssertionError(text)


def refused(*told: str) -> str:
    """Check that neither validate nor generate nor release goes on, for one reason; return that."""
    before = snapshot(Path())
    runs = ("validate",), ("generate",), ("release", "--since", "before")
    (problem,), *others = (upsertgen(*one).problems for one in runs)
    assert others == [[problem], [problem]]
    assert snapshot(Path()) == before
    for words in told:
        assert words in problem, problem
    return problem


def lost(methods: str) -> str:
    return f"the methods {methods}.iter_upsert and {methods}.upsert would vanish, because "


def test_they_are_recorded_with_their_parameters(project: Project) -> None:
    assert "iter_upsert: {bulk: batch_upsert, parameters: [dry_run_query, records]}" in project.lock
    assert " upsert: {bulk: batch_upsert, parameters: [dry_run_query, records]}" in project.lock


def test_a_body_that_the_target_of_an_action_misses(project: Project) -> None:
    project.edit("v2/pets.yaml", (REFERENCE, "#/components/schemas/PetsBatch"))
    with Path("specs/v2/pets.yaml").open("a") as file:
        file.write(OWN)
    where = place("specs/v2/pets.yaml", '$ref: "#')
    problem = refused(
        f"{project.place('v2').partition(':')[0]}:",
        lost("v2.pets"),
        f"the overlay action at {ACTION} does not match specs/v2/pets.yaml:7:5 any more: ",
        f"schema.$ref at {where} is '#/components/schemas/PetsBatch', " f"not '{REFERENCE}'",
        "'from = \"v2.pets.iter_upsert\"' and 'from = \"v2.pets.upsert\"'",
    )
    assert problem.startswith(f"{LOCK}:")
    # Said to be gone, they may go.
    project.declare("v2.pets.iter_upsert", "v2.pets.upsert")
    project.generated()


def test_a_body_of_its_own_where_an_action_only_adds_words(project: Project) -> None:
    project.edit("v2/pets.yaml", (REFERENCE, "#/components/schemas/PetsBatch"))
    with Path("specs/v2/pets.yaml").open("a") as file:
        file.write(OWN)
    project.write(
        "overlays",
        "z.yaml",
        'overlay: 1.0.0\ninfo: {title: Z, version: "1"}\nactions:\n'
        '  - target: $.paths.*.post\n    x-documents: ["*/pets.yaml"]\n'
        "    update: {x-upsert: {aliases: [pet]}}\n",
    )
    problem = refused(
        "x-upsert of the operation specs/v2/pets.yaml:7:5 lacks 'inputs', 'key', because "
        f"the overlay action at {ACTION} does not match specs/v2/pets.yaml:7:5 any more: ",
        "; let the target of the action match it again",
    )
    assert problem.startswith("specs/overlays/z.yaml:6:14: ")


def test_a_field_that_an_action_gives_to_others(project: Project) -> None:
    project.edit("v2/schemas.yaml", ("status", "state"))
    project.declare("v2.models.Answer.status -> v2.models.Answer.state")
    refused(
        "the field v2.models.Answer.started_at would vanish, because the overlay action at "
        f"{OVERLAY}:10:13 does not match {place('specs/v2/schemas.yaml', 'Answer:')} any more: "
    )


def test_an_action_that_takes_it_away(project: Project) -> None:
    project.write(
        "overlays",
        "z.yaml",
        'overlay: 1.0.0\ninfo: {title: Z, version: "1"}\nactions:\n'
        "  - target: $.paths['/pets/batch'].post['x-upsert']\n"
        '    x-documents: ["v2/*"]\n    remove: true\n',
    )
    refused(lost("v2.pets"), "the overlay action at specs/overlays/z.yaml:4:13 removes x-upsert")


def test_an_action_that_names_its_documents(project: Project) -> None:
    text = UPSERT.replace("].post\n", '].post\n    x-documents: ["v1/*", "v2/people.yaml"]\n')
    project.write("overlays", "upsert.yaml", text)
    refused(
        lost("v2.pets"), f"the overlay action at {ACTION}, which matches specs/v", "x-documents"
    )


def test_an_extension_that_stood_in_the_spec(project: Project) -> None:
    project.edit("v2/pets.yaml", (REFERENCE, "#/components/schemas/PetsBatch"))
    with Path("specs/v2/pets.yaml").open("a") as file:
        file.write(OWN)
    action = UPSERT.partition("  - target: >-")[2].partition("  - target: $.comp")[0]
    for version in ("v1", "v2"):
        for name in ("people", "pets"):
            if (version, name) != ("v2", "pets"):
                upsert = "      " + action.partition("update:\n")[2].strip() + "\n"
                project.edit(f"{version}/{name}.yaml", ("    post:\n", f"    post:\n{upsert}"))
    project.write("overlays", "upsert.yaml", UPSERT.replace(f"  - target: >-{action}", ""))
    refused(lost("v2.pets"), "its operation, specs/v2/pets.yaml:7:5, has no x-upsert any more")


def test_a_name_that_is_taken_by_another_method(project: Project) -> None:
    project.edit("v2/pets.yaml", ("batch_upsert", "upsert"))
    project.declare("v2.pets.batch_upsert -> v2.pets.upsert")
    outcome = project.generate()
    assert [one.partition(" would")[0].partition("the ")[2] for one in outcome.problems] == [
        "method v2.pets.iter_upsert",
        "parameter v2.pets.upsert(dry_run_query)",
        "parameter v2.pets.upsert(records)",
    ]
    assert 'to = "v2.pets.iter_upsert_records"' in outcome.out
    project.append(f'{outcome.out}\n[[tool.upsertgen.renames]]\nfrom = "v2.pets.upsert(records)"\n')
    project.generated()


def test_methods_go_with_their_operation(project: Project) -> None:
    project.edit(
        "v2/pets.yaml",
        ("    post:", "    get:"),
        ("      requestBody:\n        required: true\n", ""),
        (f'        content: {{application/json: {{schema: {{$ref: "{REFERENCE}"}}}}}}\n', ""),
        ("batch_upsert", "read"),
    )
    refused("the method v2.pets.batch_upsert would vanish")
    project.declare("v2.pets.batch_upsert")
    project.generated()


KEYED = "key: id, key-property: nickName, properties: values,"
OLD = (
    "v1.pets.batch_upsert_records -> v1.pets.upsert",
    "v1.pets.iter_batch_upsert_records -> v1.pets.iter_upsert",
)


@pytest.mark.parametrize("upsert", ["key: id,", KEYED])
def test_old_names_work(project: Project, server: Server, upsert: str) -> None:
    """A second upsert of an object type gives the methods of both other names."""
    project.package = f"old_bulk_names_{len(upsert)}"
    values = "values: {type: object, additionalProperties: {type: string}}"
    fields = [(one, f"{values}\n        {one}") for one in ("nickName:", "new:")]
    for version in ("v1", "v2"):
        project.edit(f"{version}/schemas.yaml", *fields)
    project.write("overlays", "upsert.yaml", UPSERT.replace("key: id,", upsert))
    text = Path("specs/v1/pets.yaml").read_text("utf-8")
    again = (
        text.partition("paths:\n")[2].replace("/pets/batch", "/pets/all").replace("batch_", "all_")
    )
    project.write("v1", "pets.yaml", text + again)
    project.declare()
    outcome = project.generate()
    assert outcome.code == 2
    assert 'to = "v1.pets.batch_upsert_records"' in outcome.out
    project.append(outcome.out)
    project.generated()
    Path("specs/v1/pets.yaml").write_text(text, "utf-8")
    project.declare(*OLD, "v1.pets.all_upsert")
    project.generated()
    result = {"id": "7", "new": True, "values": {"id": "7"}}
    server.script = [answer(body={"results": [result], "status": "COMPLETE"})]
    found = {"id_property": "id"} if upsert == KEYED else {}
    record = {"id": "7"}
    with project.module("v1").Client(TOKEN, base_url=server.url) as client:
        with pytest.warns(DeprecationWarning, match="it is called v1.pets.upsert now"):
            report = client.pets.batch_upsert_records([record], **found)
        with pytest.warns(DeprecationWarning, match="it is called v1.pets.iter_upsert now"):
            streamed = [*client.pets.iter_batch_upsert_records([record], **found)]
    assert [one.status for one in (*report.outcomes, *streamed)] == ["created"] * 2


@pytest.mark.parametrize(
    ("location", "path", "target"),
    [("path", "/{shop}/pets", "POST /a/pets"), ("query", "/pets", "POST /pets?store=a")],
)
def test_an_old_name_of_an_argument_works(
    project: Project, server: Server, location: str, path: str, target: str
) -> None:
    project.package = f"old_bulk_arguments_{location}"
    text = Path("specs/v1/pets.yaml").read_text("utf-8")
    argument = f"- {{name: shop, in: {location}, required: true, schema: {{type: string}}}}"
    text = text.replace("/pets/batch", path)
    text = text.replace("- {name: dry", f"{argument}\n        - {{name: dry")
    project.write("v1", "pets.yaml", text)
    project.declare()
    project.generated()
    project.write("v1", "pets.yaml", text.replace("shop", "store"))
    outcome = project.generate()
    methods = ("batch_upsert", "iter_upsert", "upsert")
    assert [f"v1.pets.{one}(shop)" in outcome.out for one in methods] == [True] * 3
    project.append(outcome.out)
    project.generated()
    server.script = [answer(body={"results": [{"id": "7", "new": True}], "status": "COMPLETE"})]
    told = r"called v1.pets.upsert\(store\) now"
    with (
        project.module("v1").Client(TOKEN, base_url=server.url) as client,
        pytest.warns(DeprecationWarning, match=told),
    ):
        client.pets.upsert([{"id": "7"}], shop="a")
    assert server.targets == [target]
