"""Failures as programs read them: problem+json (RFC 9457) with what failed, what was expected, and whether to retry."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import apsw
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

NO_STORE = {"cache-control": "no-store"}
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong."""

    title: str
    status: int
    detail: str
    expected: str | None = None
    retryable: bool


class ProblemError(Exception):
    """A request that is refused."""

    def __init__(
        self, status: int, detail: str, *, expected: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
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


def respond(
    status: int, detail: str, *, expected: str | None = None, retryable: bool, headers: dict[str, str] | None = None
) -> JSONResponse:
    """The answer to a request that failed; it is kept by nobody."""
    content: dict[str, Any] = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if expected is not None:
        content["expected"] = expected
    return JSONResponse(
        {**content, "retryable": retryable}, status, headers={**NO_STORE, **(headers or {})}, media_type=MEDIA_TYPE
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses as OpenAPI documents them."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(api: FastAPI) -> None:
    """Let every failure of an application be told as a problem."""

    async def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        if error.status_code == 405:
            headers["allow"] = ", ".join(_methods(api, request))
        return respond(error.status_code, error.detail, retryable=False, headers=headers)

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _documented(FastAPI.openapi(api))
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]
    api.add_exception_handler(HTTPException, of_http)
    api.add_exception_handler(ProblemError, _of_refusal)
    api.add_exception_handler(RequestValidationError, _of_input)
    api.add_exception_handler(apsw.Error, _of_database)
    api.add_exception_handler(Exception, _of_defect)


def _documented(schema: dict[str, Any]) -> dict[str, Any]:
    """The description of an application, with what a problem is and with the conditions that changes must name."""
    schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
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
    )


async def _of_input(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    # A name that was sent can be anything; what is told of it must be text.
    detail = "; ".join(faults).encode("utf-8", "replace").decode()
    return respond(422, detail, expected="what /api/v1/openapi.json says of this request", retryable=False)


async def _of_database(request: Request, error: Exception) -> JSONResponse:
    return respond(503, f"the database failed ({error})", retryable=True, headers={"retry-after": "5"})


async def _of_defect(request: Request, error: Exception) -> JSONResponse:
    return respond(500, "the site failed to answer; trying again is safe", retryable=True)
