"""What the sandbox remembers, in memory and in a file, and what it does with many threads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from package._properties.property import Property
from package.sandbox.database import FIRST_ID
from package.sandbox.errors import StoreError
from package.sandbox.store import Change, Record, Store

NOW = "2026-01-01T00:00:00.000Z"
LATER = "2026-01-01T00:00:01.000Z"
EMAIL = Property("email", "email", unique=True)


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[Store]:
    with Store(path if request.param == "file" else None) as store:
        yield store


def contact(email: str, id: int | None = None, **values: str) -> Change:
    return Change("contacts", {"email": email, **values}, {"email": email}, id)


def everything(store: Store, object_type: str = "contacts") -> list[Record]:
    return store.page(object_type, limit=1_000_000)


def test_record_is_created_found_and_changed(store: Store) -> None:
    ada, bob = store.write([contact("ada@x.example"), contact("bob@x.example")], NOW)
    assert (ada, bob) == (FIRST_ID, FIRST_ID + 1)
    assert (store.get("contacts", ada) is None, store.get("tasks", ada)) == (False, None)
    assert store.find("contacts", "email", ["bob@x.example", "eve@x.example"]) == {
        "bob@x.example": bob
    }
    assert store.write([contact("bo@x.example", bob, name="Bo")], LATER) == [bob]
    assert store.read([bob, ada, 1]) == {
        ada: Record(ada, "contacts", {"email": "ada@x.example"}, NOW, NOW),
        bob: Record(bob, "contacts", {"email": "bo@x.example", "name": "Bo"}, NOW, LATER),
    }
    assert store.find("contacts", "email", ["bob@x.example", "bo@x.example"]) == {
        "bo@x.example": bob
    }


@pytest.mark.parametrize("number", [-1, 2**63, -(2**80), 10**30])
def test_numbers_that_no_id_can_be(store: Store, number: int) -> None:
    ids = store.write([contact("a")], NOW)
    assert store.read([number]) == {}
    assert store.get("contacts", number) is None
    assert len(store.page("contacts", after=number)) == (1 if number < 0 else 0)
    assert len(store.page("contacts", limit=number)) == (0 if number < 0 else 1)
    with pytest.raises(StoreError, match="does not exist"):
        store.write([contact("b", number)], NOW)
    assert [one.id for one in everything(store)] == ids


def test_thousands_of_keys_and_ids_at_once(store: Store) -> None:
    # More than SQLite takes as arguments of one statement.
    emails = [f"{number}@x.example" for number in range(33_000)]
    ids = store.write([contact(email) for email in emails], NOW)
    assert store.find("contacts", "email", emails) == dict(zip(emails, ids, strict=True))
    assert list(store.read(ids)) == ids


@pytest.mark.parametrize("text", ["", "ä'\"; --", "a\0b", "\ud800", "😀\udfff", "x" * 100_000])
def test_any_text_is_kept(store: Store, text: str) -> None:
    (id_,) = store.write([Change(text, {text: text}, {text: text})], NOW)
    assert store.find(text, text, [text, "other"]) == {text: id_}
    assert store.get(text, id_) == Record(id_, text, {text: text}, NOW, NOW)
    assert store.counts() == {text: 1}
    if text:
        store.declare(text, [Property(text, unique=True)])
        assert store.properties(text) == {text: Property(text, unique=True)}


def test_keys_may_be_swapped_and_records_changed_twice(store: Store) -> None:
    a, b = store.write([contact("a"), contact("b")], NOW)
    store.write([contact("b", a), contact("a", b)], NOW)
    assert store.find("contacts", "email", ["a", "b"]) == {"a": b, "b": a}
    store.write([contact("c", a), contact("d", a)], NOW)
    assert store.find("contacts", "email", ["b", "c", "d"]) == {"d": a}
    assert store.read([a])[a].properties == {"email": "d"}


@pytest.mark.parametrize(
    "changes",
    [
        [contact("c"), contact("a")],
        [contact("c"), contact("c")],
        [contact("c", 99)],
        [contact("c", FIRST_ID + 1)],
    ],
)
def test_what_cannot_be_written_changes_nothing(store: Store, changes: list[Change]) -> None:
    assert store.write([contact("a"), Change("tasks", {}, {})], NOW) == [FIRST_ID, FIRST_ID + 1]
    before = everything(store)
    with pytest.raises(StoreError, match=r"share the value '[ac]' of email|does not exist"):
        store.write(changes, LATER)
    assert everything(store) == before
    assert store.find("contacts", "email", ["c"]) == {}


def test_what_is_archived_is_out_of_use(store: Store) -> None:
    store.declare("contacts", [EMAIL])
    ada, bob, eve = store.write([contact("a"), contact("b"), contact("e")], NOW)
    (task,) = store.write([Change("tasks", {}, {})], NOW)
    assert store.archive("contacts", [ada, eve, ada, task, -1, 2**70], LATER) == 2
    assert store.archive("contacts", [ada], "later still") == 0
    gone = [
        Record(ada, "contacts", {"email": "a"}, NOW, NOW, LATER),
        Record(eve, "contacts", {"email": "e"}, NOW, NOW, LATER),
    ]
    assert store.page("contacts", archived=True) == [*store.each("contacts", archived=True)] == gone
    assert store.page("contacts", after=ada, limit=1, archived=True) == gone[1:]
    assert (
        [one.id for one in store.each("contacts")] == [one.id for one in everything(store)] == [bob]
    )
    assert (store.get("contacts", ada), store.read([ada])) == (None, {ada: gone[0]})
    assert (store.count("contacts"), store.counts()) == (1, {"contacts": 1, "tasks": 1})
    with pytest.raises(StoreError, match="does not exist"):
        store.write([contact("c", ada)], LATER)
    # Its values may be those of another record, also of properties that become unique.
    (new,) = store.write([contact("a")], LATER)
    store.declare("contacts", [Property("email", unique=True)])
    assert store.find("contacts", "email", ["a", "e"]) == {"a": new}
    store.reset()
    assert store.page("contacts", archived=True) == []


def test_transaction_happens_at_once_or_not_at_all(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.write([contact("a")], NOW)
        store.declare("contacts", [EMAIL])
        assert store.properties("contacts") == {"email": EMAIL}
        _ = 1 / 0
    assert everything(store) == []
    assert store.properties("contacts") == {}
    with store.transaction():
        store.write([contact("a")], NOW)
        with pytest.raises(StoreError, match="share the value"):
            store.write([contact("b"), contact("a")], NOW)
    assert [one.properties["email"] for one in everything(store)] == ["a"]


def test_transaction_in_a_transaction_is_a_part_of_it(store: Store) -> None:
    with store.transaction():
        store.write([contact("a")], NOW)
        with pytest.raises(ZeroDivisionError), store.transaction():
            store.write([contact("b")], NOW)
            _ = 1 / 0
    assert [one.properties["email"] for one in everything(store)] == ["a"]


def test_declared_properties_are_added_and_replaced(store: Store) -> None:
    assert store.properties("contacts") == {}
    color = Property("color", "enumeration", options={"red": "", "green": ""}, multiple=True)
    store.declare("contacts", [EMAIL, Property("color")])
    store.declare("contacts", [color])
    store.declare("tasks", [Property("note", read_only=True)])
    assert store.properties("contacts") == {"email": EMAIL, "color": color}


def test_property_that_becomes_unique_finds_what_is_stored(store: Store) -> None:
    ids = store.write(
        [Change("contacts", {"code": code}, {}) for code in ("a", "b", "", None, 5)], NOW
    )
    store.declare("contacts", [Property("code", unique=True)])
    assert store.find("contacts", "code", ["a", "b", "", "5"]) == {"a": ids[0], "b": ids[1]}
    store.declare("contacts", [Property("code")])
    assert store.find("contacts", "code", ["a", "b"]) == {}


def test_property_that_becomes_an_email_is_found_without_case(store: Store) -> None:
    store.declare("contacts", [Property("mail", unique=True)])
    (id_,) = store.write(
        [Change("contacts", {"mail": "A@x.example"}, {"mail": "A@x.example"})], NOW
    )
    store.declare("contacts", [Property("mail", "email", unique=True)])
    assert store.find("contacts", "mail", ["A@x.example", "a@x.example"]) == {"a@x.example": id_}


def test_property_with_shared_values_cannot_become_unique(store: Store) -> None:
    ids = store.write([Change("contacts", {"code": "a"}, {}) for _ in range(2)], NOW)
    with pytest.raises(StoreError) as raised:
        store.declare("contacts", [Property("other"), Property("code", unique=True)])
    assert str(raised.value) == (
        f"records {ids[0]} and {ids[1]} of contacts share the value 'a' of code, which must be unique"
    )
    assert store.properties("contacts") == {}


def test_reset_removes_records_and_keeps_what_is_declared(store: Store) -> None:
    store.declare("contacts", [EMAIL])
    ids = store.write([contact("a"), contact("b")], NOW)
    store.reset()
    assert store.counts() == {}
    assert store.find("contacts", "email", ["a"]) == {}
    assert store.properties("contacts") == {"email": EMAIL}
    # A test that runs again sees the same ids.
    assert store.write([contact("a"), contact("b")], NOW) == ids


def test_many_threads_lose_nothing(store: Store) -> None:
    def upsert(number: int) -> None:
        with store.transaction():
            known = store.find("contacts", "email", ["shared", f"own-{number}"])
            record = store.read(known.values()).get(known.get("shared", 0))
            count = int(record.properties["count"]) + 1 if record else 1
            store.write(
                [
                    contact("shared", known.get("shared"), count=str(count)),
                    contact(f"own-{number}", known.get(f"own-{number}")),
                ],
                NOW,
            )
        # Reading need not be inside a transaction.
        assert store.count("contacts") >= 2
        assert store.properties("contacts") == {}

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(upsert, range(200)))
    assert store.count("contacts") == 201
    assert everything(store)[0].properties["count"] == "200"


def test_threads_see_nothing_of_a_transaction_before_its_end(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with store.transaction():
            store.write([contact("a")], NOW)
            seen = pool.submit(store.count, "contacts")
            store.write([contact("b")], NOW)
        assert seen.result() == 2


def test_disk_that_is_full(store: Store) -> None:
    store.write([contact("a")], NOW)
    # SQLite says the same when it may use no more pages.
    store._database.rows("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="cannot grow: the disk is full"), store.transaction():
        store.write([contact("b" * 1_000_000)], NOW)
    store._database.rows("PRAGMA max_page_count = 100000")
    store.write([contact("c")], NOW)
    assert [one.properties["email"] for one in everything(store)] == ["a", "c"]


def test_closed_store(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.count("contacts")
    with pytest.raises(StoreError, match="closed"), store.transaction():
        pass


KEYS = st.sampled_from(["", "a", "b", "c", "ä", "a\0", "\ud800"])
VALUES = st.dictionaries(st.text(max_size=3), st.text() | st.none(), max_size=3)


class StoreIsADictionary(RuleBasedStateMachine):
    """Whatever is done to a store, a dictionary says what is in it."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.records: dict[int, tuple[str, dict[str, Any]]] = {}

    @initialize()
    def declare(self) -> None:
        self.store.declare("contacts", [Property("key", unique=True)])

    @rule(batch=st.dictionaries(KEYS, VALUES), object_type=st.sampled_from(["contacts", "tasks"]))
    def upsert(self, batch: dict[str, dict[str, Any]], object_type: str) -> None:
        with self.store.transaction():
            known = self.store.find(object_type, "key", batch)
            changes = [
                Change(object_type, {**values, "key": key}, {"key": key}, known.get(key))
                for key, values in batch.items()
            ]
            ids = self.store.write(changes, NOW)
        expected = {
            values["key"]: id_
            for id_, (type_, values) in self.records.items()
            if type_ == object_type
        }
        assert known == {key: id_ for key, id_ in expected.items() if key in batch}
        for id_, change in zip(ids, changes, strict=True):
            assert change.id in {id_, None}
            self.records[id_] = (object_type, change.properties)

    @rule(key=KEYS)
    def archive(self, key: str) -> None:
        found = [*self.store.find("tasks", "key", [key]).values()]
        assert self.store.archive("tasks", found, NOW) == len(found)
        for id_ in found:
            del self.records[id_]

    @rule(batch=st.dictionaries(KEYS, VALUES, min_size=1))
    def fail(self, batch: dict[str, dict[str, Any]]) -> None:
        with pytest.raises(ZeroDivisionError), self.store.transaction():
            self.store.write(
                [Change("things", one, {"key": key}) for key, one in batch.items()], NOW
            )
            _ = 1 / 0

    @rule()
    def reset(self) -> None:
        self.store.reset()
        self.records.clear()

    @invariant()
    def is_equal(self) -> None:
        stored = self.store.read(self.records)
        assert {
            id_: (one.object_type, one.properties) for id_, one in stored.items()
        } == self.records
        assert json.dumps(sorted(self.store.counts())) == json.dumps(
            sorted({object_type for object_type, _ in self.records.values()})
        )
        for object_type in ("contacts", "tasks", "things"):
            ids = [id_ for id_, (type_, _) in self.records.items() if type_ == object_type]
            assert [one.id for one in everything(self.store, object_type)] == sorted(ids)
            assert self.store.count(object_type) == len(ids)

    def teardown(self) -> None:
        self.store.close()


TestStoreIsADictionary = StoreIsADictionary.TestCase
TestStoreIsADictionary.settings = settings(max_examples=60, stateful_step_count=15)
