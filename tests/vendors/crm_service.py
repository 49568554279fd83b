"""A CRM: finds records by fields that the request names, and says in their order what became of each."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.vendors.service import Service, to_answer

CLIENT_ID, CLIENT_SECRET = "1000.CLIENT", "secret-of-the-client-0123456789"
MODULES = ("Leads", "Contacts")
MOST_RECORDS = 100
TOKEN_PATH = "/oauth/v2/token"


class CrmService(Service):
    """The CRM.

    Attributes:
        stored: The records, by module and id.
        written: How often each last name was written.
        triggers: The triggers that came with a request.
        uses: How many requests a token is good for; None for any number.
        refusal_status: The status of answers some of whose records were refused.
    """

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, dict[str, Any]]] = {module: {} for module in MODULES}
        self.written: Counter[str] = Counter()
        self.triggers: list[list[str]] = []
        self.uses: int | None = None
        self.refusal_status = 207
        self._tokens: Counter[str] = Counter()
        self._ids = itertools.count(5725767000000411001)
        super().__init__()

    def routes(self) -> list[Route]:
        return [
            Route("/crm/v8/{module}/upsert", self._upsert, methods=["POST"]),
            Route(TOKEN_PATH, self._token, methods=["POST"]),
        ]

    @property
    def tokens(self) -> int:
        """How many tokens were given."""
        return len(self._tokens)

    def token(self) -> str:
        """Give a token."""
        token = f"1000.token-{len(self._tokens)}-0123456789"
        self._tokens[token] = 0
        return token

    def found(self, module: str, **values: str) -> dict[str, Any]:
        """The only record that has these values."""
        (record,) = (one for one in self.stored[module].values() if values.items() <= one.items())
        return record

    async def _token(self, request: Request) -> Response:
        form = dict(part.split("=", 1) for part in (await request.body()).decode().split("&"))
        known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        if form.get("grant_type") != "client_credentials" or not known.items() <= form.items():
            return to_answer({"error": "invalid_client"}, 400)
        return to_answer({"access_token": self.token(), "expires_in": 3600, "token_type": "Bearer"})

    async def _upsert(self, request: Request) -> Response:
        word, _, token = request.headers.get("authorization", "").partition(" ")
        is_known = word == "Zoho-oauthtoken" and token in self._tokens
        if not is_known or (self.uses is not None and self._tokens[token] >= self.uses):
            return to_answer(_problem("INVALID_TOKEN", "invalid oauth token"), 401)
        self._tokens[token] += 1
        module = request.path_params["module"]
        if module not in MODULES:
            return to_answer(
                _problem("INVALID_MODULE", "the module name given seems to be invalid"), 400
            )
        body = await request.json()
        if len(body["data"]) > MOST_RECORDS:
            return to_answer(_problem("LIMIT_EXCEEDED", "too many records"), 400)
        fields = body.get("duplicate_check_fields") or ["Email"]
        self.triggers.append(body.get("trigger", []))
        results = [
            self._write(module, number, record, fields)
            for number, record in enumerate(body["data"])
        ]
        refused = [one for one in results if one["status"] == "error"]
        status = self.refusal_status if refused else 200
        if request.scope["fault"] == "short":
            results = results[:-1]
        return to_answer({"data": results}, status)

    def _write(
        self, module: str, number: int, record: dict[str, Any], fields: list[str]
    ) -> dict[str, Any]:
        table = self.stored[module]
        for field in fields:
            asked = str(record.get(field, "")).casefold()
            same = [
                one for one, known in table.items() if str(known.get(field, "")).casefold() == asked
            ]
            if asked and same:
                break
        else:
            field, same = "", []
        if "@" not in record.get("Email", "@"):
            return _refusal(number, "INVALID_DATA", "invalid data", "Email")
        if not same and not record.get("Last_Name"):
            return _refusal(number, "MANDATORY_NOT_FOUND", "required field not found", "Last_Name")
        found = same[0] if same else str(next(self._ids))
        table[found] = {**table.get(found, {}), **record}
        self.written[record.get("Last_Name", "")] += 1
        return {
            "code": "SUCCESS",
            "duplicate_field": field or None,
            "action": "update" if same else "insert",
            "details": {"id": found, "Modified_Time": "2026-01-05T08:05:00+00:00"},
            "message": "record updated" if same else "record added",
            "status": "success",
        }


def _problem(code: str, message: str, **details: str) -> dict[str, Any]:
    return {"code": code, "details": details, "message": message, "status": "error"}


def _refusal(number: int, code: str, message: str, field: str) -> dict[str, Any]:
    return _problem(code, message, api_name=field, json_path=f"$.data[{number}].{field}")
