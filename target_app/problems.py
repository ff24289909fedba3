"""Failures as programs read them: problem+json (RFC 9457) with what failed, what was expected, and whether to retry.

To send a request again is harmless where nothing was done of it, or where its method says that doing it twice is as
good as once. Where neither is known the answer does not ask for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import apsw
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match
from starlette.types import Scope, Send

from target_app.editing import UnwrittenError
from target_app.page_cache import NOT_KEPT
from target_app.page_cache.fields import Headers
from target_app.policy import NOSNIFF
from target_app.troubles import Troubles
from target_app.validation import Misfit, misfits

LIVE = {"cache-control": "no-store", **NOSNIFF}
"""The header fields of what is true only now, and of failures."""
MEDIA_TYPE = "application/problem+json"
SPEAKING = ("/health/", "/anp/", "/api/", "/metrics")
"""What the addresses for programs begin with."""

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods that may be sent twice (RFC 9110, section 9.2.2)."""
UNKNOWN = "what was asked for may have been done: look before you send it again"
"""Of a request that failed, and may not be sent twice."""

JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
BODY = (400, 413, 415, 422)
"""Statuses of a body that is not taken: no JSON, too large, of another type, or not what is described."""
_TAKEN = {"PATCH": f"{MERGE_PATCH}, {JSON}"}
"""Types of a body by the method, where others than JSON are taken."""
_LONGEST_TYPE = 100
_MOST_TOLD = 10
_DEFECT = "the site failed to answer"
_ANSWER = "an answer: the fault is the site's, and not the request's"
_DESCRIBED = "what /api/v1/openapi.json says of this request"
_EXPECTED = {
    403: "a request of a program, or of a page of this site",
    404: "an address that /api/v1/openapi.json names",
    413: "a shorter body",
}
"""Of what is refused without a reason of its own."""


class Problem(BaseModel):
    """What went wrong."""

    title: str
    status: int
    detail: str = Field(description="What failed, with the value.")
    expected: str = Field(description="What would have been right.")
    retryable: bool = Field(
        description="Whether the same request may help when it is sent again, and can do no harm: nothing was done of"
        " it, or its method says that twice is as good as once."
    )
    errors: list[Misfit] = Field(
        default=[], description=f"With 422: the first {_MOST_TOLD} things that do not fit, each by itself."
    )


class ProblemError(Exception):
    """A request that is refused."""

    def __init__(self, status: int, detail: str, *, expected: str, headers: dict[str, str] | None = None) -> None:
        """Refuse.

        Args:
            status: HTTP status.
            detail: What failed, with the value.
            expected: What would have been right.
            headers: To send with it.
        """
        super().__init__(detail)
        self.headers = headers
        self.status = status
        self.detail = detail
        self.expected = expected


class MisfitError(ProblemError):
    """A request of which some values do not fit."""

    def __init__(self, found: Sequence[Misfit]) -> None:
        """Refuse; ``found`` holds at least one."""
        self.told = list(found[:_MOST_TOLD])
        more = "; and more" if len(found) > _MOST_TOLD else ""
        detail = "; ".join(f"{each.detail} (expected: {each.expected})" for each in self.told)
        each_by_name = "; ".join(f"{each.at or 'the body'}: {each.expected}" for each in self.told)
        super().__init__(422, detail + more, expected=each_by_name if len(self.told) > 1 else self.told[0].expected)


def may_repeat(method: str) -> bool:
    """Whether a request can be sent again without harm, though nobody knows what became of it."""
    return method in _IDEMPOTENT


def respond(
    status: int,
    detail: str,
    *,
    expected: str,
    retryable: bool,
    headers: dict[str, str] | None = None,
    errors: Sequence[Misfit] = (),
) -> JSONResponse:
    """The answer to a request that failed; it is kept by nobody."""
    content = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        expected=expected,
        retryable=retryable,
        errors=list(errors),
    )
    return JSONResponse(
        content.model_dump(exclude_defaults=True), status, headers={**LIVE, **(headers or {})}, media_type=MEDIA_TYPE
    )


def without_database(detail: str, *, retryable: bool) -> JSONResponse:
    """The answer where the database does not do what it is asked; arguments as of ``respond``."""
    expected = "a database that can be read and written"
    return respond(503, detail, expected=expected, retryable=retryable, headers={"retry-after": "5"})


def refusal(path: str, status: int, detail: str, *, expected: str, retryable: bool, text: str) -> Response:
    """The answer of a layer before the pages and the JSON side: a problem to programs, and a text to all others."""
    if path.startswith(SPEAKING):
        return respond(status, detail, expected=expected, retryable=retryable)
    return PlainTextResponse(text, status, headers=LIVE)


async def refuse(
    scope: Scope, send: Send, status: int, detail: str, *, expected: str, retryable: bool, text: str
) -> None:
    """Send what ``refusal`` gives."""
    answer = refusal(scope["path"], status, detail, expected=expected, retryable=retryable, text=text)
    await send({"type": "http.response.start", "status": status, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body})


async def refuse_for_a_defect(scope: Scope, send: Send) -> None:
    """The answer where the site itself broke."""
    is_harmless = may_repeat(scope["method"])
    advice = "Trying again is safe." if is_harmless else f"{UNKNOWN.capitalize()}."
    await refuse(
        scope,
        send,
        500,
        f"{_DEFECT}{_fate(is_harmless=is_harmless)}",
        expected=_ANSWER,
        retryable=is_harmless,
        text=f"{_DEFECT.capitalize()}. {advice}\n",
    )


def of_what_is_not_kept(scope: Scope) -> tuple[Headers, bytes]:
    """The fields and the body of the answer to who wants a page only if it is kept, where it is not."""
    answer = refusal(
        scope["path"],
        504,
        "the request wants what the page cache keeps (only-if-cached), and it keeps no such answer",
        expected="the same request without only-if-cached, which is safe to send: nothing was done of this one",
        retryable=False,
        text=NOT_KEPT,
    )
    return answer.raw_headers, bytes(answer.body)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses as OpenAPI documents them."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(api: FastAPI, troubles: Troubles) -> None:
    """Let every failure of an application be told as a problem.

    Args:
        api: The application.
        troubles: Where those of the database are noted.
    """

    async def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        status, detail = error.status_code, error.detail
        expected = _EXPECTED.get(status, _DESCRIBED)
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        if status == HTTPStatus.BAD_REQUEST:
            return _no_json(detail)
        if status == HTTPStatus.NOT_FOUND:
            detail = f"nothing is at {request.url.path}"
        elif status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["allow"] = ", ".join(_methods(api, request))
            detail, expected = f"{request.method} is nothing that {request.url.path} takes", headers["allow"]
        return respond(status, detail, expected=expected, retryable=False, headers=headers)

    async def of_database(request: Request, error: Exception) -> JSONResponse:
        is_harmless = may_repeat(request.method) or isinstance(error, UnwrittenError)
        return without_database(f"{troubles.note(error)}{_fate(is_harmless=is_harmless)}", retryable=is_harmless)

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _documented(FastAPI.openapi(api))
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]
    api.add_exception_handler(HTTPException, of_http)
    api.add_exception_handler(ProblemError, _of_refusal)
    api.add_exception_handler(RequestValidationError, _of_input)
    api.add_exception_handler(apsw.Error, of_database)
    api.add_exception_handler(Exception, _of_defect)


def _documented(schema: dict[str, Any]) -> dict[str, Any]:
    """The description of an application, with what a problem is and with the conditions that changes must name."""
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["components"]["schemas"] |= {**problem.pop("$defs"), "Problem": problem}
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                # Its absence has a status of its own, so the framework must not refuse it.
                parameter["required"] |= parameter["name"] == "if-match"
    return schema


def _methods(api: FastAPI, request: Request) -> list[str]:
    """What the address of a request takes: a path may have several routes."""
    methods: set[str] = set()
    for route in api.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


async def _of_refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    return respond(
        error.status,
        error.detail,
        expected=error.expected,
        retryable=error.status == HTTPStatus.TOO_MANY_REQUESTS,
        headers=error.headers,
        errors=error.told if isinstance(error, MisfitError) else (),
    )


async def _of_input(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if isinstance(error.body, bytes):  # which the framework leaves as they are where they are not said to be JSON
        kind = request.headers.get("content-type")
        taken = _TAKEN.get(request.method, JSON)
        headers = {"accept": taken} | ({"accept-patch": taken} if request.method == "PATCH" else {})
        detail = "the body is of no type" if kind is None else f"the body is of the type {kind[:_LONGEST_TYPE]}"
        return respond(415, detail, expected=f"Content-Type: {taken}", retryable=False, headers=headers)
    for each in errors:
        if each["type"] == "json_invalid":
            return _no_json(f"the body is not JSON: {each['ctx']['error']} at character {each['loc'][1]}")
        if (each["type"], each["loc"]) == ("missing", ("body",)):
            return _no_json("there is no body")
    return await _of_refusal(request, MisfitError(misfits(errors, error.body)))


def _no_json(detail: str) -> JSONResponse:
    return respond(400, detail, expected="JSON in UTF-8, with each field named once", retryable=False)


async def _of_defect(request: Request, error: Exception) -> JSONResponse:
    is_harmless = may_repeat(request.method)
    return respond(500, f"{_DEFECT}{_fate(is_harmless=is_harmless)}", expected=_ANSWER, retryable=is_harmless)


def _fate(*, is_harmless: bool) -> str:
    """What is told of a request that failed beside the reason."""
    return "" if is_harmless else f"; {UNKNOWN}"
