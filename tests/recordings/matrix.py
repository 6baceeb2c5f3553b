"""The compatibility matrix as Markdown: `python -m tests.recordings.matrix`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from tests.conftest import RECORDINGS
from tests.recordings.exceptions import EXEMPTIONS, expected
from tests.recordings.question import DIALECTS
from tests.recordings.replay import Result, replay

PROVIDERS = {
    "openai_chat": "Chat completions",
    "anthropic": "Messages",
    "openai_responses": "Responses",
    "gemini": "Gemini",
}


def table(results: Sequence[Result]) -> str:
    """For each provider's API and each client's: in how many answers all agrees, of how many."""
    head = ["The provider speaks", *(dialect.name for dialect in DIALECTS)]
    rows = [head, ["---"] * len(head)]
    for api, name in PROVIDERS.items():
        here = [result for result in results if result.recording.api == api]
        cells = [[result for result in here if result.dialect == dialect] for dialect in DIALECTS]
        rows.append([name, *map(_count, cells)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _count(results: Sequence[Result]) -> str:
    return f"{sum(not result.differs for result in results)} of {len(results)}"


def reasons() -> str:
    """The exceptions, as a list."""
    return "".join(
        f"* {', '.join(one.dialects)} ({_answers(len(one.recordings))}): {one.reason}\n"
        for one in EXEMPTIONS
    )


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"


def unexpected(results: Iterable[Result]) -> list[str]:
    """What differs and is no exception, and exceptions that are none any more."""
    exempt = expected()
    return [
        f"{result.recording.api} for {result.dialect.name}: "
        f"{', '.join(sorted(result.differs)) or 'now it agrees'} "
        f"in {result.recording.folder}\n{result.why}\n"
        for result in results
        if result.differs != exempt.get(result.place, frozenset())
    ]


def main() -> None:
    if not RECORDINGS.is_dir():
        sys.exit(f"There are no recordings in {RECORDINGS}.")
    results = replay(RECORDINGS)
    sys.stdout.write(f"{table(results)}\n{reasons()}")
    sys.exit("".join(unexpected(results)) or None)


if __name__ == "__main__":
    main()
