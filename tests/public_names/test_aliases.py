"""Old names of what was renamed still work, and warn once a use, where they are used."""

from __future__ import annotations

import asyncio
import json
import linecache
import runpy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.public_names.project import Project, renamed
from tests.servers import TOKEN, Server, answer

HERE = Path(__file__)
ANSWER = {"results": [{"id": "7", "new": True}], "state": "COMPLETE"}

BULK = """\
overlay: 1.0.0
info: {title: Batches, version: 1.0.0}
actions:
  - target: $.paths.*.post
    description: A batch of people.
    x-source: [made up]
    update:
      x-upsert: {inputs: inputs, key: id, results: results, created: new, result-id: id}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return renamed(tmp_path_factory.mktemp("renamed"))


def import_by(statement: str, file: Path) -> None:
    """Run a statement that stands alone in a file."""
    file.write_text(statement, "utf-8")
    runpy.run_path(str(file))


@contextmanager
def warned(*names: tuple[str, str], file: Path = HERE) -> Iterator[None]:
    """Check that a block warns of these old names, each once, in lines that are marked, or of a file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert [str(one.message) for one in caught] == [
        f"{old} is deprecated: it is called {new} now" for old, new in names
    ]
    for one in caught:
        assert one.category is DeprecationWarning
        assert one.filename == str(file)
        assert file != HERE or linecache.getline(one.filename, one.lineno).endswith("# old\n")


OBJECT = ("v2.people", "v2.humans")
METHOD = ("v2.people.batch_upsert", "v2.humans.upsert_many")
PARAMETER = ("v2.people.batch_upsert(dry_run)", "v2.humans.upsert_many(rehearsal)")
STATUS = ("v2.models.Answer.status", "v2.models.Answer.state")
INPUTS = [{"id": "7", "called": "Al"}]


def test_a_synchronous_client_knows_the_old_names(project: Project, server: Server) -> None:
    server.script = [answer(body=ANSWER)]
    with project.module("v2").Client(TOKEN, base_url=server.url) as client:
        with warned(OBJECT):
            humans = client.people  # old
        assert humans is client.humans
        with warned(METHOD):
            first = humans.batch_upsert(inputs=INPUTS, rehearsal=True)  # old
        with warned(PARAMETER):
            second = humans.upsert_many(inputs=INPUTS, dry_run=True)  # old
        with warned():
            third = humans.upsert_many(inputs=INPUTS, rehearsal=True)
        with warned(OBJECT, METHOD, PARAMETER):
            fourth = client.people.batch_upsert(inputs=INPUTS, dry_run=True)  # old
        assert first == second == third == fourth
        with warned(STATUS):
            assert third.status == "COMPLETE"  # old
        with pytest.raises(TypeError, match="dry_run"):
            humans.upsert_many(inputs=INPUTS, dry_run=True, rehearsal=True)
    assert server.targets == ["POST /people/batch?rehearsal=true"] * 4
    assert {json.dumps(json.loads(one)) for one in server.bodies} == {
        json.dumps({"inputs": INPUTS})
    }


def test_an_asynchronous_client_knows_the_old_names(project: Project, server: Server) -> None:
    server.script = [answer(body=ANSWER)]

    async def call() -> None:
        async with project.module("v2").AsyncClient(TOKEN, base_url=server.url) as client:
            with warned(OBJECT):
                humans = client.people  # old
            assert humans is client.humans
            with warned(METHOD):
                waiting = humans.batch_upsert(inputs=INPUTS, rehearsal=True)  # old
            with warned():
                first = await asyncio.create_task(waiting)
            with warned(PARAMETER):
                second = await humans.upsert_many(inputs=INPUTS, dry_run=True)  # old
            with warned():
                third = await humans.upsert_many(inputs=INPUTS, rehearsal=True)
            assert first == second == third

    asyncio.run(call())
    assert server.targets == ["POST /people/batch?rehearsal=true"] * 3


def test_an_old_name_is_not_taken_for_a_bulk_method(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, "v1")
    project.write("overlays", "upsert.yaml", BULK)
    project.edit("v1/people.yaml", ("batch_upsert", "upsert"))
    project.released()
    project.edit("v1/people.yaml", (": upsert", ": send_batch"))
    project.declare("v1.people.upsert -> v1.people.send_batch")
    project.generated()
    server.script = [answer(body={"results": ANSWER["results"], "status": "COMPLETE"})]
    with project.module("v1").Client(TOKEN, base_url=server.url) as client:
        with warned(("v1.people.upsert", "v1.people.send_batch")):
            client.people.upsert(inputs=[{"id": "7"}])  # old
        with warned():
            report = client.people.upsert_records([{"id": "7"}])
    assert [one.status for one in report.outcomes] == ["created"]
    # The command line sends what that method sends.
    versions = project.module("_cli.catalogue").CATALOGUE.versions
    assert versions["v1"].resources["people"].bulk == "_SEND_BATCH__BULK"


def test_a_method_that_is_overridden_is_called_by_its_old_name_too(project: Project) -> None:
    class Special(project.module("v2.humans").Humans):  # type: ignore[misc]
        def upsert_many(self, **arguments: Any) -> object:
            return arguments

    with warned(METHOD):
        assert Special(None).batch_upsert(inputs=[]) == {"inputs": []}  # old


def test_modules_and_classes_keep_their_old_names(project: Project) -> None:
    humans, pets = project.module("v2.humans"), project.module("v2.pets")
    people = project.module("v2.people")
    with warned(("v2.people.People", "v2.humans.Humans")):
        assert people.People is humans.Humans  # old
    with warned(("v2.people.AsyncPeople", "v2.humans.AsyncHumans")):
        assert people.AsyncPeople is humans.AsyncHumans  # old
    with warned(("v2.pets.Pets", "v2.pets.PETS")):
        assert pets.AsyncPets is pets.AsyncPETS  # old
    for module in (people, pets):
        with pytest.raises(AttributeError, match="Persons"):
            _ = module.Persons
        assert not hasattr(module, "__wrapped__")


def test_models_and_typed_dicts_keep_their_old_names(project: Project, tmp_path: Path) -> None:
    models, typed_dicts = project.module("v2.models"), project.module("v2.typed_dicts")
    with warned(("v2.models.Result", "v2.models.Outcome")):
        assert models.Result is models.Outcome  # old
    with warned(("v2.models.Person", "v2.models.Human"), file=tmp_path / "user.py"):
        import_by(f"from {models.__name__} import Person", tmp_path / "user.py")
    with warned(("v2.typed_dicts.PersonDict", "v2.typed_dicts.HumanDict")):
        assert typed_dicts.PersonDict is typed_dicts.HumanDict  # old
    with pytest.raises(AttributeError, match="'Persons'"):
        _ = models.Persons
    assert "Person" not in models.__all__


def test_requests_accept_old_names_of_fields(project: Project) -> None:
    models = project.module("v2.models")
    name = ("v2.models.Person.nick_name", "v2.models.Human.called")
    with warned(name):
        human = models.Human(id="7", nick_name="Al")  # old
    assert human == models.Human(id="7", called="Al")
    with warned(name):
        assert human.nick_name == "Al"  # old
    with warned(name):
        batch = models.Batch(inputs=[{"id": "7", "nick_name": "Al"}])  # old
    assert batch.inputs == [human]
    with pytest.raises(ValueError, match="nick_name"):
        models.Human(id="7", nick_name="Al", called="Bo")
    assert models.Human.model_validate(human) is human
    with pytest.raises(ValueError, match="nickname"):
        models.Human(id="7", nickname="Al")


def test_a_version_keeps_its_old_name(project: Project, tmp_path: Path) -> None:
    old, new = project.module("v1"), project.module("v2")
    with warned(("v1.Client", "v2.Client")):
        assert old.Client is new.Client  # old
    with warned(("v1.AsyncClient", "v2.AsyncClient"), file=tmp_path / "user.py"):
        import_by(f"from {project.package}.v1 import AsyncClient", tmp_path / "user.py")
    with warned():
        models = old.models
    with warned(("v1.models.Answer", "v2.models.Answer")):
        assert models.Answer is new.models.Answer  # old
    with warned(("v1.pets.PETS", "v2.pets.PETS")):
        assert project.module("v1.pets").PETS is project.module("v2.pets").PETS  # old
    with warned(("v1.people.People", "v2.humans.Humans")):
        assert project.module("v1.people").People is project.module("v2.humans").Humans  # old
    with pytest.raises(AttributeError, match="Clients"):
        _ = old.Clients
