"""Where an answer cannot say in the client's dialect what the provider said, and why.

An entry that is no longer needed fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Place = tuple[str, str]  # the recording's name, the dialect's


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """`differs` is what may not agree, in each of the `recordings` for each of the `dialects`."""

    recordings: tuple[str, ...]
    dialects: tuple[str, ...]
    differs: frozenset[str]
    reason: str

    def places(self) -> Iterator[Place]:
        return ((recording, name) for recording in self.recordings for name in self.dialects)


_COMPACTED = "langchain-anthropic--test_compaction-02-bcda1cd1"
_UNEXPECTED = (
    "pydantic-ai--test_multimodal_tool_return_matrix_direct-uploaded_file-video-google_vertex_"
    "-01-e86440c9"
)

EXEMPTIONS = (
    Exemption(
        recordings=(
            "pydantic-ai--test_background_mode_reasoning_vcr-01-8bd0434f",
            "pydantic-ai--test_background_mode_with_tool_vcr-01-67f4a0fb",
            "pydantic-ai--test_background_mode_with_tool_vcr-02-f7bbf718",
        ),
        dialects=("Chat completions", "Messages", "Gemini"),
        differs=frozenset({"ending"}),
        reason="The provider was still making the answer, in background mode. No other dialect "
        "can ask for that or be told so, so the client gets an error.",
    ),
    Exemption(
        recordings=(_COMPACTED,),
        dialects=("Responses",),
        differs=frozenset({"ending"}),
        reason="The provider paused after it had compacted the conversation. A Responses client "
        "is told that the answer is incomplete, because it has no word for a pause.",
    ),
    Exemption(
        recordings=(_UNEXPECTED,),
        dialects=("Chat completions",),
        differs=frozenset({"form"}),
        reason="The model called a tool that it was not offered, and Gemini calls the answer "
        "broken. Chat completions have no word for that; the `finish_reason` is `error`, as "
        "OpenRouter's.",
    ),
    Exemption(
        recordings=(_UNEXPECTED,),
        dialects=("Messages",),
        differs=frozenset({"ending"}),
        reason="The same answer for a Messages client ends with `max_tokens`, so that nobody runs "
        "the call.",
    ),
)


def expected() -> dict[Place, frozenset[str]]:
    """What may differ, by place."""
    return {place: one.differs for one in EXEMPTIONS for place in one.places()}
