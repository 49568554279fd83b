"""What is stored, for tests that look: object types, records, one record."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from .encoding import JsonResponse
from .inputs import Problem, hint, parameters, whole_number
from .properties import key_of
from .state import State
from .store import Record

_LARGEST_ID = 2**63 - 1
_USUAL_PAGE = 100
_LARGEST_PAGE = 1000


class ReadBack:
    """Answers what is stored.

    Args:
        state: Where it is stored.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        """Return the routes, from the most special to the most general."""
        return [
            Route("/objects", self._objects),
            Route("/objects/{type}", self._list),
            Route("/objects/{type}/count", self._count),
            Route("/objects/{type}/{id:path}", self._record),
        ]

    async def _objects(self, request: Request) -> JsonResponse:
        parameters(request)
        return JsonResponse({"objects": objects_body(self._state)})

    async def _list(self, request: Request) -> JsonResponse:
        given = parameters(request, "after", "limit")
        after = whole_number(given.get("after", "0"), "after", 0, _LARGEST_ID)
        limit = whole_number(given.get("limit", str(_USUAL_PAGE)), "limit", 1, _LARGEST_PAGE)
        object_type = known_type(self._state, request.path_params["type"])
        # One more than asked for tells whether there is a next page.
        records = self._state.store.page(object_type, after, limit + 1)
        shown = records[:limit]
        return JsonResponse(
            {
                "results": [record_body(one) for one in shown],
                "after": str(shown[-1].id) if len(records) > limit else None,
            }
        )

    async def _count(self, request: Request) -> JsonResponse:
        if "id_property" in request.query_params:
            # A key may be called anything.
            request.path_params["id"] = "count"
            return await self._record(request)
        parameters(request)
        object_type = known_type(self._state, request.path_params["type"])
        count = self._state.store.count(object_type)
        return JsonResponse({"object_type": object_type, "count": count})

    async def _record(self, request: Request) -> JsonResponse:
        given = parameters(request, "id_property")
        asked, record_id = request.path_params["type"], request.path_params["id"]
        record = find_record(self._state, asked, record_id, given.get("id_property"))
        return JsonResponse(record_body(record))


def objects_body(state: State) -> list[dict[str, Any]]:
    """Return the object types as JSON, with the numbers of their records and properties."""
    return [
        {
            "object_type": object_type,
            "count": count,
            "properties": len(state.store.properties(object_type)),
        }
        for object_type, count in object_types(state).items()
    ]


def record_body(record: Record) -> dict[str, Any]:
    """Return a record as JSON. Its id is a text, as in the answers of the API."""
    return {
        "id": str(record.id),
        "object_type": record.object_type,
        "properties": dict(record.properties),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def object_types(state: State) -> dict[str, int]:
    """Return how many records there are, by object type.

    Args:
        state: Where they are kept; it lists the types that the specification names or that have records.
    """
    named = {
        operation.label: 0
        for operation in state.contract.operations
        if operation.roles is not None and operation.roles.object_type not in operation.arguments
    }
    return dict(sorted({**named, **state.store.counts()}.items()))


def known_type(state: State, asked: str) -> str:
    """Return the name under which records of an object type are kept.

    Args:
        state: Where they are kept.
        asked: The name, or an alias that the API knows.

    Raises:
        Problem: There is no such object type.
    """
    object_type = state.contract.object_types.get(asked, asked)
    known = object_types(state)
    if object_type in known or state.store.properties(object_type):
        return object_type
    raise Problem(f"there is no object type {asked!r}; {hint(asked, known)}", 404)


def find_record(state: State, asked: str, record_id: str, id_property: str | None = None) -> Record:
    """Return a record.

    Args:
        state: Where it is kept.
        asked: Its object type.
        record_id: Its id, or its value of another property.
        id_property: That property, which must be one with unique values.

    Raises:
        Problem: There is no such record, object type or unique property, or the id is no number.
    """
    object_type = known_type(state, asked)
    if id_property is None:
        found = _number(object_type, record_id)
        record = state.store.get(object_type, found)
    else:
        record = _by_property(state, object_type, id_property, record_id)
    if record is None:
        which = f"id {record_id}" if id_property is None else f"{id_property} {record_id!r}"
        raise Problem(f"there is no record of {object_type} with the {which}", 404)
    return record


def _number(object_type: str, record_id: str) -> int:
    is_number = record_id.isascii() and record_id.isdecimal() and len(record_id) <= 19
    if not is_number or int(record_id) > _LARGEST_ID:
        raise Problem(
            f"the id of a record of {object_type} is a whole number; got {record_id!r}; expected "
            "another property of it to be named, as in ?id_property=NAME"
        )
    return int(record_id)


def _by_property(state: State, object_type: str, id_property: str, value: str) -> Record | None:
    declared = state.store.properties(object_type)
    unique = sorted(name for name, one in declared.items() if one.unique)
    key = value
    # Of what has no properties, only the specification knows what it is found by.
    if declared:
        if id_property not in declared:
            raise Problem(
                f"{object_type} has no property {id_property!r}; {hint(id_property, unique)}"
            )
        if not declared[id_property].unique:
            raise Problem(
                f"{id_property} of {object_type} is not unique; {hint(id_property, unique)}"
            )
        key = key_of(declared[id_property], value)
    found = state.store.find(object_type, id_property, [key]).get(key)
    return None if found is None else state.store.get(object_type, found)
