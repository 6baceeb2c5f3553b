"""Pictures, documents and sound from every dialect to every format: carried in the format's own
shape, or refused with a 400 that says what cannot be carried."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.e2e import valid
from tests.e2e.speech import Speech, answering
from tests.product import Product
from tests.upstream import FakeUpstream

NATIVE = {"openai_chat": "oai", "anthropic": "ant", "openai_responses": "rsp", "gemini": "gem"}
FORMS = ("oai", "ant", "rsp", "gem")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCg=="
SOUND = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA"
LINK = "https://example.com/cat.png"


def chat(part: dict[str, Any]) -> tuple[str, Any]:
    content = [{"type": "text", "text": "What is it?"}, part]
    return "/v1/chat/completions", {"messages": [{"role": "user", "content": content}]}


def messages(block: dict[str, Any]) -> tuple[str, Any]:
    path, body = chat(block)
    return path.replace("chat/completions", "messages"), {**body, "max_tokens": 99}


def responses(part: dict[str, Any]) -> tuple[str, Any]:
    content = [{"type": "input_text", "text": "What is it?"}, part]
    return "/v1/responses", {"input": [{"role": "user", "content": content}]}


def gemini(part: dict[str, Any]) -> tuple[str, Any]:
    parts = [{"text": "What is it?"}, part]
    return "", {"contents": [{"role": "user", "parts": parts}]}


def _data(kind: str, data: str) -> str:
    return f"data:{kind};base64,{data}"


def _base64(kind: str, data: str) -> dict[str, Any]:
    return {"type": "base64", "media_type": kind, "data": data}


def _inline(kind: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": kind, "data": data}}


PNG, PDF_TYPE = "image/png", "application/pdf"
ASKED: dict[str, dict[str, tuple[str, Any]]] = {
    "picture": {
        "openai_chat": chat({"type": "image_url", "image_url": {"url": _data(PNG, PIXEL)}}),
        "anthropic": messages({"type": "image", "source": _base64(PNG, PIXEL)}),
        "openai_responses": responses({"type": "input_image", "image_url": _data(PNG, PIXEL)}),
        "gemini": gemini(_inline(PNG, PIXEL)),
    },
    "linked picture": {
        "openai_chat": chat({"type": "image_url", "image_url": {"url": LINK}}),
        "anthropic": messages({"type": "image", "source": {"type": "url", "url": LINK}}),
        "openai_responses": responses({"type": "input_image", "image_url": LINK}),
        "gemini": gemini({"fileData": {"mimeType": PNG, "fileUri": LINK}}),
    },
    "document": {
        "openai_chat": chat(
            {"type": "file", "file": {"filename": "a.pdf", "file_data": _data(PDF_TYPE, PDF)}}
        ),
        "anthropic": messages(
            {"type": "document", "title": "a.pdf", "source": _base64(PDF_TYPE, PDF)}
        ),
        "openai_responses": responses(
            {"type": "input_file", "filename": "a.pdf", "file_data": _data(PDF_TYPE, PDF)}
        ),
        "gemini": gemini(_inline(PDF_TYPE, PDF)),
    },
    "sound": {
        "openai_chat": chat(
            {"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}}
        ),
        "gemini": gemini(_inline("audio/wav", SOUND)),
    },
}
HOLDS = {"picture": PIXEL, "linked picture": LINK, "document": PDF, "sound": SOUND}
CASES = [(what, dialect, form) for what in ASKED for dialect in ASKED[what] for form in FORMS]
# No field for sound there; links are not fetched there, and not here on anybody's behalf.
CANNOT = {("sound", "ant"): "audio", ("linked picture", "gem"): "links"}


def ask(product: Product, key: str, model: str, asked: tuple[str, Any]) -> httpx.Response:
    path, body = asked
    headers = {"Authorization": f"Bearer {key}"}
    path = path or f"/v1beta/models/{model}:generateContent"
    return httpx.post(product.url + path, json={**body, "model": model}, headers=headers)


@pytest.mark.parametrize(("what", "dialect", "form"), CASES)
def test_it_carries_media_or_says_that_it_cannot(
    product: Product,
    key: str,
    upstreams: dict[str, FakeUpstream],
    what: str,
    dialect: str,
    form: str,
) -> None:
    upstreams[form].play(answering(form, Speech(text="A cat.")))
    answer = ask(product, key, f"{form}/a-model", ASKED[what][dialect])
    if (what, form) in CANNOT and NATIVE[dialect] != form:
        assert answer.status_code == 400
        assert CANNOT[what, form] in answer.json()["error"]["message"]
        assert upstreams[form].received == []
        return
    assert answer.status_code == 200, answer.text
    (request,) = upstreams[form].received
    if NATIVE[dialect] != form:
        valid.check(form, request.json)
        assert shape(form, what, request.json) == HOLDS[what]
    assert "What is it?" in json.dumps(request.json)


def shape(form: str, what: str, body: Any) -> str:
    """The media from the place where the format has it."""
    found: Any
    match form:
        case "oai":
            part = body["messages"][0]["content"][1]
            found = part[part["type"]]
            found = found.get("url") or found.get("file_data") or found["data"]
        case "ant":
            source = body["messages"][0]["content"][1]["source"]
            found = source.get("data") or source["url"]
        case "rsp":
            part = body["input"][0]["content"][1]
            found = part.get("image_url") or part.get("file_data") or part["input_audio"]["data"]
        case _:
            part = body["contents"][0]["parts"][1]
            found = part.get("inlineData", {}).get("data") or part["fileData"]["fileUri"]
    return str(found).rpartition("base64,")[2]


UNKNOWN = {
    "openai_chat": chat({"type": "video_url", "video_url": {"url": LINK}}),
    "anthropic": messages({"type": "container_upload", "file_id": "file_1"}),
    "openai_responses": responses({"type": "input_video", "video_url": LINK}),
    "gemini": gemini({"executableCode": {"language": "PYTHON", "code": "1"}}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dialect", UNKNOWN)
def test_what_only_one_format_knows_is_a_400_elsewhere_and_never_dropped(
    product: Product, key: str, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    upstreams[form].play(answering(form, Speech(text="A cat.")))
    answer = ask(product, key, f"{form}/a-model", UNKNOWN[dialect])
    if NATIVE[dialect] == form:
        assert answer.status_code == 200
        return
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert upstreams[form].received == []


FILES = {
    "openai_chat": chat({"type": "file", "file": {"file_id": "file_1"}}),
    "anthropic": messages({"type": "image", "source": {"type": "file", "file_id": "file_1"}}),
    "openai_responses": responses({"type": "input_image", "file_id": "file_1"}),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dialect", FILES)
def test_a_file_that_only_its_provider_holds_goes_nowhere_else(
    product: Product, key: str, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    upstreams[form].play(answering(form, Speech(text="A cat.")))
    answer = ask(product, key, f"{form}/a-model", FILES[dialect])
    assert answer.status_code == (200 if NATIVE[dialect] == form else 400), answer.text
