"""The tables on the compatibility page, held against what the formats really do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.snapshot import Model, Provider
from tests.docs.reading import SOURCES

TARGETS = {
    "Chat completions": "openai_chat",
    "Messages": "anthropic",
    "Responses": "openai_responses",
    "Gemini": "gemini",
}
WORD = "application/msword"
PICTURE = ir.Image(source=ir.Source(media_type="image/png", data="aGk="))
PDF = ir.Document(source=ir.Source(media_type="application/pdf", data="aGk="))
SPEECH = ir.Audio(source=ir.Source(media_type="audio/wav", data="aGk="))


def link(kind: type[ir.Image | ir.Document | ir.Audio]) -> ir.Part:
    return kind(source=ir.Source(url="https://example.com/file"))


def result(part: ir.Part) -> ir.Part:
    return ir.ToolResult(call_id="1", parts=(part,))


PARTS = {
    "text": ir.Text(text="Hi"),
    "image as data": PICTURE,
    "image as a link": link(ir.Image),
    "PDF as data": PDF,
    "PDF as a link": link(ir.Document),
    "text file as data": ir.Document(source=ir.Source(media_type="text/csv", data="YSxi")),
    "other document as data": ir.Document(source=ir.Source(media_type=WORD, data="aGk=")),
    "audio as data": SPEECH,
    "audio as a link": link(ir.Audio),
    "file by its id": ir.Image(source=ir.Source(file_id="file-1")),
    "image in a tool's result": result(PICTURE),
    "PDF in a tool's result": result(PDF),
    "audio in a tool's result": result(SPEECH),
    "what only one API knows": ir.Opaque(format="else", value={"type": "container_upload"}),
}
SAMPLING = {
    "`top_k`": ir.Sampling(top_k=5),
    "stop strings": ir.Sampling(stop=("END",)),
    "`seed`": ir.Sampling(seed=1),
    "penalties": ir.Sampling(frequency_penalty=0.5, presence_penalty=0.5),
    "`logit_bias`": ir.Sampling(logit_bias={"1": 1}),
    "several answers (`n`)": ir.Sampling(n=2),
}
FIELDS = {
    "one tool call at a time": {"parallel_tool_calls": False},
    "end user": {"user": "somebody"},
    "metadata": {"metadata": {"a": "b"}},
    "`prompt_cache_key`": {"prompt_cache_key": "k"},
    "verbosity": {"verbosity": "low"},
}
TOOL = ir.Tool(name="look", schema={"type": "object", "properties": {}})


def rows() -> Iterator[tuple[str, str, str]]:
    """(what, target, cell) of every table on the page that has one column per target."""
    tokens = MarkdownIt("commonmark").enable("table").parse(SOURCES["compatibility"].read_text())
    line: list[str] = []
    targets: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            line = []
        elif token.type == "inline":
            line.append(token.content)
        elif token.type == "thead_close":
            targets = line[1:]
        elif token.type == "tr_close" and targets == list(TARGETS) and line[1:] != targets:
            yield from (
                (line[0], TARGETS[name], cell) for name, cell in zip(targets, line[1:], strict=True)
            )
        elif token.type == "table_close":
            targets = []


CELLS = list(rows())


def outcome(request: ir.Request, target: str) -> str:
    provider = Provider(
        id="x", alias="x", name="X", format=target, base_url="https://models.example.com"
    )
    try:
        wire = FORMATS[target].write_request(request, provider, Model(id="m"))
    except Unsupported:
        return "refused"
    return "left out" if wire.losses else "yes"


def asked(what: str) -> ir.Request:
    """A request of a format that is none of the targets, so that it is always translated."""
    part = PARTS.get(what, ir.Text(text="Hi"))
    said = [ir.Message(role="user", parts=(part,))]
    if isinstance(part, ir.ToolResult):
        call = ir.ToolCall(id="1", name="look")
        said = [
            ir.Message(role="user", parts=(ir.Text(text="Hi"),)),
            ir.Message(role="assistant", parts=(call,)),
            *said,
        ]
    return ir.Request(
        format="else",
        model="m",
        messages=tuple(said),
        tools=(TOOL,),
        sampling=SAMPLING.get(what, ir.Sampling()),
        **FIELDS.get(what, {}),
    )


def test_it_has_a_row_for_everything_that_is_known_here() -> None:
    assert {what for what, _, _ in CELLS} == {*PARTS, *SAMPLING, *FIELDS}


@pytest.mark.parametrize(("what", "target", "cell"), CELLS)
def test_it_says_what_becomes_of_a_part_or_a_parameter(what: str, target: str, cell: str) -> None:
    assert cell.partition(",")[0] == outcome(asked(what), target)
