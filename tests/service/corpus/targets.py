"""Paths, queries, methods and headers that are wrong."""

from tests.service.corpus.asked import JSON, Case, Headers
from tests.service.corpus.values import batch, deposit

BAD_NAMES = (
    *(
        "%00",
        "%0a",
        "%0d%0aSet-Cookie:a=b",
        "%09",
        "%1b[31m",
        "%7f",
        "a%2Fb",
        "a%2fb",
        "a%5cb",
        "%2e%2e%2f",
        "%ff",
        "%c0%af",
    ),
    *("%ed%a0%80", "%e2%80%ae", "%d0%b00", "%ef%bd%81", "%cc%81", "a%20b", "%2520%00", "%f0%9f%92%a5", "%u0041%00"),
    "a" * 65,
)
BAD_NUMBERS = (
    *("", "-1", "-0", "+1", "01", "1.0", "1e3", "0x1", "1_000", "%201", "1%20", "1%0a", "%d9%a1", "%ef%bc%91", "NaN"),
    *("Infinity", "true", "null", "one", "1,2", "[]", "%00", "%ff", "9" * 30, "9" * 5_000),
)
MEDIA = (
    *("text/plain", "text/html", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"),
    *("application/json; charset=utf-16", "application/jsonp", "application/json, text/plain", "json", "", "*/*"),
    *("application/problem+json", "application/x-ndjson", "application/msgpack", "application/json; charset=latin-1"),
)
CODINGS = ("gzip", "deflate", "br", "zstd", "compress", "gzip, gzip", "identity, gzip", "x-bomb", "")
NOWHERE = (
    *("/", "/v1", "/v1/", "/v2/markets", "/v1/nowhere", "/v1/Markets", "/V1/markets", "/v1/markets/", "/v1//markets"),
    *("//v1/markets", "/v1/markets.json", "/v1/accounts/a0/", "/v1/accounts//facts", "/v1/accounts/a0/facts/x/y"),
    *(
        "/v1/openapi/nope",
        "/v1/openapi/openapi.yaml",
        "/docs",
        "/admin",
        "/.env",
        "/.git/config",
        "/metrics",
        "/schema",
    ),
    *(
        "/v1/queues/X",
        "/favicon.ico",
        "/v1/../admin",
        "/%2e%2e/admin",
    ),
)


def targets() -> list[Case]:
    """Return all of them."""
    return [*_paths(), *_queries(), *_methods(), *_headers()]


def _get(target: str, reason: str) -> Case:
    return Case(f"GET {target}", "GET", target, reason, headers=())


def _paths() -> list[Case]:
    """A slash that is hidden leads to another path, or nowhere: there it is the path that is not there."""
    found = [_get(f"/v1/accounts/{name}", _of(name)) for name in BAD_NAMES]
    found += [_get(f"/v1/accounts/{name}", "BAD_PARAMETER") for name in ("a0%2Ffacts", "a0%2fbuckets%2fccxt")]
    found += [_get(f"/v1/accounts/{name}/buckets", "BAD_PARAMETER") for name in BAD_NAMES if "%2" not in name.lower()]
    found += [_get(f"/v1/queues/{name}/long", "BAD_PARAMETER") for name in BAD_NAMES if "%2" not in name.lower()]
    found += [_get(f"/v1/commands/{name}", _of(name)) for name in BAD_NAMES]
    found += [_get(f"/v1/queues/X/{side}", "BAD_PARAMETER") for side in ("up", "Long", "LONG", "both", "0", "long%00")]
    found += [
        _get(f"/v1/steps/{one}", "BAD_PARAMETER")
        for one in ("01", "%d9%a1", "+1", "1_0", "-0", "-5", "1.5", "one", "0x1", "1e3", "%ef%bc%91")
    ]
    found += [_get(path, "NOT_FOUND") for path in NOWHERE]
    nobody = ("/v1/accounts/nobody", "/v1/accounts/nobody/facts", "/v1/queues/Y/long", "/v1/commands/never")
    found += [_get(path, "NOT_FOUND") for path in (*nobody, "/v1/steps/999999", "/v1/proposals/p")]
    return found


def _of(name: str) -> str:
    leads_on = "%2f" in name.lower() and not name.lower().endswith("%2f")
    return "NOT_FOUND" if leads_on else "BAD_PARAMETER"


def _queries() -> list[Case]:
    paged = ("/v1/facts?from=", "/v1/facts?limit=", "/v1/steps?before=", "/v1/accounts?limit=", "/v1/tape?from=")
    found = [_get(f"{path}{number}", "BAD_PARAMETER") for path in paged for number in BAD_NUMBERS]
    found += [_get(f"/v1/accounts?after={name}", "BAD_PARAMETER") for name in BAD_NAMES if "%5c" not in name]
    found += [
        _get(target, "BAD_PARAMETER")
        for target in (
            "/v1/facts?from=1&from=2",
            "/v1/facts?from=1&fr%6fm=2",
            "/v1/facts?limit=1&limit=1",
            "/v1/facts?form=1",
            "/v1/facts?From=1",
            "/v1/facts?from=0",
            "/v1/facts?limit=0",
            "/v1/facts?limit=1001",
            "/v1/facts?from=9223372036854775808",
            "/v1/facts?x",
            "/v1/facts?=1",
            "/v1/facts?from",
            "/v1/facts?from=1;limit=2",
            "/v1/facts?from[]=1",
            "/v1/markets?limit=1",
            "/v1/markets?%00=1",
            "/v1/health?x=1",
            "/v1/ready?verbose=1",
            "/v1/openapi?x=1",
            "/v1/plan?account=a0",
            "/v1/rounds/prepared?wait_s=31",
            "/v1/rounds/prepared?wait_s=-1",
            "/v1/rounds/prepared?wait_s=0.5",
            "/v1/rounds/prepared?wait_s=1e1",
        )
    ]
    return found


def _methods() -> list[Case]:
    wrong = ("PUT", "PATCH", "DELETE", "HEAD", "TRACE", "CONNECT", "PROPFIND", "get", "G\u00cbT")
    found = [
        Case(f"{one} /v1/markets", one, "/v1/markets", "WRONG_METHOD", headers=()) for one in wrong if one != "HEAD"
    ]
    found += [Case("GET /v1/marks", "GET", "/v1/marks", "WRONG_METHOD", headers=())]
    found += [Case("POST /v1/health", "POST", "/v1/health", "WRONG_METHOD", headers=())]
    return found


def _headers() -> list[Case]:
    body, found = batch(deposit()), []
    for path in ("/v1/commands", "/v1/marks", "/v1/what-if"):
        for kind in MEDIA:
            headers: Headers = ((b"content-type", kind.encode()),)
            found.append(Case(f"{kind} to {path}", "POST", path, "WRONG_MEDIA_TYPE", body, headers))
        for coding in CODINGS:
            headers = (*JSON, (b"content-encoding", coding.encode()))
            found.append(Case(f"coding {coding} to {path}", "POST", path, "WRONG_MEDIA_TYPE", body, headers))
    two = (*JSON, (b"content-type", b"text/plain"))
    found.append(Case("two media types", "POST", "/v1/commands", "WRONG_MEDIA_TYPE", body, two))
    for origin in (b"https://evil.example", b"null", b"", b"file://", b"http://127.0.0.1:8000"):
        headers = (*JSON, (b"origin", origin))
        found.append(Case(f"origin {origin.decode()}", "POST", "/v1/commands", "FOREIGN_ORIGIN", body, headers))
    site = (*JSON, (b"sec-fetch-site", b"cross-site"))
    found.append(Case("a page of another site", "POST", "/v1/commands", "FOREIGN_ORIGIN", body, site))
    return found
