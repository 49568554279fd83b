"""A marketing platform: jobs write profiles, are asked about, and list page by page what they refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.vendors.service import Service, to_answer

KEY = "pk_secret_0123456789"
REVISION = "2025-10-15"
MEDIA_TYPE = "application/vnd.api+json"
IDENTIFIERS = ("email", "phone_number", "external_id")
MOST_PROFILES = 10_000
_JOBS = "/api/profile-bulk-import-jobs"


@dataclass
class Job:
    """A job.

    Attributes:
        id: Its id.
        profiles: What it writes.
        fate: `complete`, `cancelled`, `lost` if nobody knows it any more, or `slow` if it never ends.
        asked: How often it was asked about.
        errors: What it refused.
    """

    id: str
    profiles: list[dict[str, Any]]
    fate: str
    asked: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)


class ProfilesService(Service):
    """The platform.

    Attributes:
        jobs: The jobs, by id.
        stored: The profiles, by what found them.
        written: How often each profile was written.
        fates: What becomes of the next jobs; they complete when this is used up.
        questions: How often a job is asked about before it ends.
        page: How many errors a page holds.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.stored: dict[tuple[str, str], dict[str, Any]] = {}
        self.written: Counter[str] = Counter()
        self.fates: list[str] = []
        self.questions = 2
        self.page = 20
        super().__init__()

    def routes(self) -> list[Route]:
        return [
            Route(_JOBS, self._spawn, methods=["POST"]),
            Route(f"{_JOBS}/{{job}}", self._job, methods=["GET"]),
            Route(f"{_JOBS}/{{job}}/import-errors", self._errors, methods=["GET"]),
        ]

    async def _spawn(self, request: Request) -> Response:
        if (wrong := _wrong(request)) is not None:
            return wrong
        if request.headers.get("content-type") != MEDIA_TYPE:
            return _failed(415, "unsupported_media_type", "Unsupported media type in request")
        data = (await request.json())["data"]
        if data.get("type") != "profile-bulk-import-job":
            return _failed(400, "invalid", "The type is not valid", "/data/type")
        profiles = data["attributes"]["profiles"]["data"]
        place = "/data/attributes/profiles/data"
        if not 0 < len(profiles) <= MOST_PROFILES:
            return _failed(400, "invalid", f"{len(profiles)} profiles are none, or too many", place)
        for number, one in enumerate(profiles):
            if one.get("type") != "profile":
                return _failed(400, "invalid", "The type is not valid", f"{place}/{number}/type")
            if not any(one["attributes"].get(name) for name in IDENTIFIERS):
                detail = "One of email, phone_number and external_id is needed"
                return _failed(400, "invalid", detail, f"{place}/{number}/attributes")
        fate = self.fates.pop(0) if self.fates else "complete"
        job = Job(f"job-{len(self.jobs)}", profiles, fate)
        self.jobs[job.id] = job
        if fate != "cancelled":
            self._write(job)
        return to_answer({"data": self._shown(job, "queued")}, 202, MEDIA_TYPE)

    async def _job(self, request: Request) -> Response:
        if (wrong := _wrong(request)) is not None:
            return wrong
        job = self.jobs.get(request.path_params["job"])
        if job is None or job.fate == "lost":
            return _failed(404, "not_found", "A job with this id does not exist")
        job.asked += 1
        ended = job.fate if job.asked > self.questions and job.fate != "slow" else ""
        status = ended or ("queued" if job.asked == 1 else "processing")
        return to_answer({"data": self._shown(job, status)}, media_type=MEDIA_TYPE)

    async def _errors(self, request: Request) -> Response:
        if (wrong := _wrong(request)) is not None:
            return wrong
        job = self.jobs[request.path_params["job"]]
        start = int(request.query_params.get("page[cursor]", "0"))
        end = start + self.page
        here = f"{self.url}{_JOBS}/{job.id}/import-errors"
        after = f"{here}?{quote('page[cursor]')}={end}" if end < len(job.errors) else None
        body = {"data": job.errors[start:end], "links": {"self": here, "next": after}}
        return to_answer(body, media_type=MEDIA_TYPE)

    def _write(self, job: Job) -> None:
        for number, one in enumerate(job.profiles):
            attributes = {
                name: value for name, value in one["attributes"].items() if value is not None
            }
            if "@" not in attributes.get("email", "@"):
                pointer = f"/data/attributes/profiles/data/{number}/attributes/email"
                refusal = {
                    "code": "invalid_email",
                    "title": "Invalid email",
                    "detail": f"{attributes['email']} is no email address",
                    "source": {"pointer": pointer},
                    "original_payload": attributes,
                }
                error = {"type": "import-error", "id": f"{job.id}-{number}", "attributes": refusal}
                job.errors.append(error)
                continue
            key = next((name, attributes[name]) for name in IDENTIFIERS if attributes.get(name))
            self.stored[key] = {**self.stored.get(key, {}), **attributes}
            self.written[key[1]] += 1

    def _shown(self, job: Job, status: str) -> dict[str, Any]:
        attributes = {
            "status": status,
            "total_count": len(job.profiles),
            "completed_count": len(job.profiles) - len(job.errors) if status == "complete" else 0,
            "failed_count": len(job.errors) if status == "complete" else 0,
        }
        links = {"self": f"{self.url}{_JOBS}/{job.id}"}
        kind = "profile-bulk-import-job"
        return {"type": kind, "id": job.id, "attributes": attributes, "links": links}


def _wrong(request: Request) -> Response | None:
    """Return the answer to a request that has not the headers that each needs."""
    if request.headers.get("authorization") != f"Klaviyo-API-Key {KEY}":
        return _failed(401, "not_authenticated", "Missing or invalid private key.")
    if request.headers.get("revision") != REVISION:
        return _failed(400, "invalid", "A revision is needed.")
    if MEDIA_TYPE not in request.headers.get("accept", ""):
        return _failed(406, "not_acceptable", "Could not satisfy the request Accept header.")
    return None


def _failed(status: int, code: str, detail: str, pointer: str = "/data") -> Response:
    error = {
        "id": "5c9a6b5e-0000-4000-8000-000000000001",
        "status": status,
        "code": code,
        "title": code.replace("_", " ").capitalize(),
        "detail": detail,
        "source": {"pointer": pointer},
    }
    return to_answer({"errors": [error]}, status, MEDIA_TYPE)
