"""Images, files and audio, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.snapshot import Model

from .wire import PIXEL, ask, assistant, call, items, messages, result, user, wire

PNG = ir.Source(data=PIXEL, media_type="image/png")
PDF = ir.Source(data="JVBERi0=", media_type="application/pdf")
LINK = "https://x.example/a"

BOTH_WAYS = [
    (
        {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "low"},
        ir.Image(source=PNG, detail="low"),
    ),
    (
        {"type": "input_image", "image_url": LINK, "detail": "auto"},
        ir.Image(source=ir.Source(url=LINK), detail="auto"),
    ),
    (
        {
            "type": "input_file",
            "file_data": "data:application/pdf;base64,JVBERi0=",
            "filename": "a.pdf",
        },
        ir.Document(source=PDF, name="a.pdf"),
    ),
    (
        {"type": "input_file", "file_url": LINK},
        ir.Document(source=ir.Source(url=LINK)),
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}},
        ir.Audio(source=ir.Source(data="QQ==", media_type="audio/mpeg")),
    ),
]


def content(*parts: ir.Part, **fields: Any) -> list[dict[str, Any]]:
    return items(user(*parts), **fields)[0]["content"]


@pytest.mark.parametrize(("written", "part"), BOTH_WAYS)
def test_it_carries_media_both_ways(written, part):
    assert messages({"role": "user", "content": [written]}) == (user(part),)
    assert content(part) == [written]


@pytest.mark.parametrize(
    ("written", "part"),
    [
        (
            {"type": "input_file", "file_data": "JVBERi0="},
            ir.Document(source=PDF),
        ),
        (
            {"type": "input_image", "image_url": f"data:image/png;x=y;base64,{PIXEL}"},
            ir.Image(source=PNG),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "ogg"}},
            ir.Audio(source=ir.Source(data="QQ==", media_type="audio/ogg")),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "QQ=="}},
            ir.Audio(source=ir.Source(data="QQ==", media_type="audio/wav")),
        ),
        (
            {"type": "input_file", "file_id": "file_1", "filename": "a"},
            ir.Document(source=ir.Source(file_id="file_1"), name="a"),
        ),
        (
            {"type": "input_image", "file_id": "file_1", "detail": "high"},
            ir.Image(source=ir.Source(file_id="file_1"), detail="high"),
        ),
    ],
)
def test_it_reads_media_in_every_spelling(written, part):
    assert messages({"role": "user", "content": [written]}) == (user(part),)


@pytest.mark.parametrize(
    "written",
    [
        {"type": "input_image"},
        {"type": "input_image", "image_url": "data:image/png,raw"},
        {"type": "input_image", "image_url": 3},
        {"type": "input_file"},
        {"type": "input_audio", "input_audio": {}},
        {"type": "input_audio"},
        {},
    ],
)
def test_it_refuses_media_that_are_none(written):
    with pytest.raises(InvalidRequest, match=r"input\[0\]\.content\[0\]"):
        messages({"role": "user", "content": [written]})


def test_it_sends_file_ids_only_where_they_came_from():
    for part in (
        ir.Image(source=ir.Source(file_id="file_1")),
        ir.Document(source=ir.Source(file_id="file_1")),
    ):
        with pytest.raises(Unsupported, match="file id"):
            content(part)
    same = content(
        ir.Image(source=ir.Source(file_id="file_1")),
        ir.Document(source=ir.Source(file_id="file_2"), name="b"),
        format="openai_responses",
    )
    assert same == [
        {"type": "input_image", "file_id": "file_1", "detail": "auto"},
        {"type": "input_file", "file_id": "file_2", "filename": "b"},
    ]


def test_it_keeps_what_only_its_own_format_knows_of_a_part():
    part = ir.Text(text="a", extra={"openai_responses": {"breakpoint": 1}})
    assert content(part) == [{"type": "input_text", "text": "a"}]
    unknown = {"type": "input_hologram", "data": "x"}
    opaque = ir.Opaque(format="openai_responses", value=unknown)
    assert content(part, opaque, format="openai_responses") == [
        {"type": "input_text", "text": "a", "breakpoint": 1},
        unknown,
    ]


def test_it_writes_text_documents_as_text():
    source = ir.Source(data="aGVsbG8=", media_type="text/plain")
    assert content(ir.Document(source=source), ir.Document(source=source, name="a.txt")) == [
        {"type": "input_text", "text": "hello"},
        {"type": "input_text", "text": "a.txt\n\nhello"},
    ]
    broken = ir.Document(source=ir.Source(data="?", media_type="text/plain"))
    with pytest.raises(Unsupported, match="base64"):
        content(broken)


def test_it_names_a_document_that_has_no_name():
    [written] = content(ir.Document(source=PDF))
    assert written["filename"] == "document.pdf"


def test_it_writes_images_in_tool_results():
    """Agents look at screenshots this way."""
    found = items(
        user("Hi"), assistant(call()), user(result("call_1", "seen", ir.Image(source=PNG)))
    )
    assert found[2]["output"] == [
        {"type": "input_text", "text": "seen"},
        {
            "type": "input_image",
            "image_url": f"data:image/png;base64,{PIXEL}",
            "detail": "auto",
        },
    ]


def test_it_refuses_what_nobody_could_take():
    audio = ir.Audio(source=ir.Source(data="QQ==", media_type="audio/wav"))
    link = ir.Audio(source=ir.Source(url=LINK))
    foreign = ir.Opaque(format="anthropic", value={"type": "search_result"})
    with pytest.raises(Unsupported, match="audio in tool results"):
        items(user("Hi"), assistant(call()), user(result("call_1", audio)))
    for part in (link, foreign):
        with pytest.raises(Unsupported):
            content(part)
    for part in (ir.Image(source=PNG), ir.Document(source=PDF), audio):
        with pytest.raises(Unsupported, match="assistant messages"):
            items(user("Hi"), assistant(part))


def test_it_refuses_images_for_a_model_that_is_blind():
    blind = Model(id="m", images=False)
    with pytest.raises(Unsupported, match="no images"):
        wire(ask(user(ir.Image(source=PNG))), blind)
    wire(ask(user("Hi")), blind)
