"""Who may use the sandbox: what is answered by which name, for which page, and with which token."""

from __future__ import annotations

import pytest
from package.sandbox import Options, SandboxError

from tests.sandbox.small_api import EVERYWHERE, HEADERS, PEOPLE, SmallApi, inputs

JSON = {"Content-Type": "application/json"}
BODY = {"inputs": inputs(["a@example.com"])}
PLACES = [
    ("GET", "/"),
    ("GET", "/_sandbox/state"),
    ("GET", "/%5Fsandbox/objects"),
    ("POST", "/_sandbox/reset"),
    ("POST", PEOPLE),
    ("GET", "/elsewhere"),
]


def ask(api: SmallApi, method: str, path: str, headers: dict[str, str]) -> int:
    given = {**JSON, **HEADERS, **headers}
    return api.ask(method, path, content=b"{}", headers=given).status_code


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.1",
        EVERYWHERE,
        "",
    ],
)
@pytest.mark.parametrize(("method", "path"), PLACES)
def test_names_that_are_not_its_own_are_refused(
    api: SmallApi, method: str, path: str, host: str
) -> None:
    assert ask(api, method, path, {"Host": f"{host}:80" if host else ""}) == 403


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.:1", "127.0.0.1", "127.8.8.8:9", "[::1]:8"]
)
def test_it_goes_by_the_names_of_this_machine(api: SmallApi, host: str) -> None:
    assert [ask(api, *place, {"Host": host}) for place in PLACES[:5]] == [200] * 5


def test_it_goes_by_further_names_that_are_allowed() -> None:
    with SmallApi(Options(allowed_hosts=("Sandbox",))) as api:
        assert ask(api, "POST", PEOPLE, {"Host": "sandbox:8090"}) == 200
        refused = api.ask("GET", "/_sandbox/state", headers={"Host": "other"})
        assert refused.status_code == 403
        assert "'other'" in refused.json()["error"]
        assert "--allow-host" in refused.json()["error"]


@pytest.mark.parametrize("name", ["sandbox:8090", "http://sandbox", "a b", "", "*@x"])
def test_what_is_no_name_is_told(name: str) -> None:
    with pytest.raises(SandboxError, match="is no name of a host"):
        SmallApi(Options(allowed_hosts=(name,))).start()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
@pytest.mark.parametrize(("method", "path"), PLACES)
def test_what_pages_from_elsewhere_send_is_refused(
    api: SmallApi, method: str, path: str, headers: dict[str, str]
) -> None:
    assert ask(api, method, path, headers) == 403
    (entry,) = api.requests if "andbox" not in path and path != "/" else [None]
    if entry is not None:
        assert (entry.status, entry.outcome) == (403, "nothing written: not allowed")


def test_its_own_page_and_links_to_it_are_answered(api: SmallApi) -> None:
    own = {"Origin": api.url, "Sec-Fetch-Site": "same-origin"}
    assert [ask(api, *place, own) for place in PLACES[:5]] == [200] * 5
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert ask(api, "GET", "/", link) == 200
    assert ask(api, "GET", "/_sandbox/state", link) == 403


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "reset"),
        ("POST", "lock"),
        ("POST", "faults"),
        ("DELETE", "faults"),
        ("PUT", "properties/people"),
    ],
)
def test_a_change_needs_json(api: SmallApi, method: str, path: str, media_type: str) -> None:
    answer = api.ask(
        method, f"/_sandbox/{path}", content=b"{}", headers={"Content-Type": media_type}
    )
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json()["error"]


def test_the_page_is_shown_in_no_other(api: SmallApi) -> None:
    policy = api.ask("GET", "/").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (
        api.body("/objects")
        and api.ask("GET", "/_sandbox/objects").headers["x-content-type-options"] == "nosniff"
    )


@pytest.mark.parametrize("given", [None, "chosen:1/2+3"])
def test_where_other_machines_reach_it_a_token_is_needed(given: str | None) -> None:
    with SmallApi(Options(admin_token=given), host=EVERYWHERE) as api:
        token = api.admin_token
        assert token is not None and given in (None, token)
        assert api.page_url.startswith(f"{api.url}/#token=")
        for method, path in PLACES[1:4]:
            for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer"}):
                answer = api.ask(method, path, headers={**JSON, **wrong})
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            right = {"Authorization": f"Bearer {token}", **JSON}
            assert api.http.request(method, api.url + path, headers=right).status_code == 200
        assert api.ask("POST", PEOPLE, json=BODY, headers=HEADERS).status_code == 200
        assert api.ask("GET", "/").status_code == 200


def test_a_token_of_this_machine_alone_is_made_for_nobody(api: SmallApi) -> None:
    assert api.admin_token is None
    assert api.page_url == f"{api.url}/"
    with SmallApi(Options(admin_token="mine")) as other:
        assert other.ask("GET", "/_sandbox/state").status_code == 401
        assert "mine" not in repr(other.options)


@pytest.mark.parametrize("token", ["", "a b", "ü", "a\n"])
def test_what_no_header_can_hold_is_no_token(token: str) -> None:
    with pytest.raises(SandboxError, match="the admin token must be"):
        SmallApi(Options(admin_token=token)).start()
