"""Names and ids in the words of each target, one to one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.translation import naming
from omniroute.gateway.translation.naming import Spelling, Style

STYLES = [naming.NAMES, naming.GEMINI_NAMES, naming.IDS, naming.MISTRAL_IDS]


@given(st.sampled_from(STYLES), st.lists(st.text(max_size=70), max_size=6, unique=True))
def test_it_spells_anything_one_to_one_and_the_same_every_time(
    style: Style, originals: list[str]
) -> None:
    spelling, again = Spelling(style, originals), Spelling(style, originals)
    sent = [spelling.of(original) for original in originals]
    assert sent == [again.of(original) for original in originals]
    assert sent == [spelling.of(original) for original in originals]
    assert all(style.fits.fullmatch(word) for word in sent)
    assert [spelling.back.get(word, word) for word in sent] == originals


@pytest.mark.parametrize(
    ("style", "name", "stem"),
    [
        (naming.NAMES, "files.read", "files_read_"),
        (naming.NAMES, "x" * 65, "x" * 55 + "_"),
        (naming.GEMINI_NAMES, "2fa", "_2fa_"),
        (naming.GEMINI_NAMES, "-a", "_-a_"),
        (naming.GEMINI_NAMES, "", "__"),
    ],
)
def test_it_keeps_the_beginning_of_a_name_readable(style: Style, name: str, stem: str) -> None:
    assert re.fullmatch(re.escape(stem) + "[0-9a-f]{8}", Spelling(style).of(name))


@pytest.mark.parametrize("style", STYLES)
def test_it_leaves_alone_what_fits_even_when_another_spelling_would_be_the_same(
    style: Style,
) -> None:
    made = Spelling(style).of("a b")
    spelling = Spelling(style, ["a b", made])
    assert spelling.of(made) == made
    assert spelling.of("a b") != made


def test_it_gives_every_occurrence_of_an_id_a_word_of_its_own() -> None:
    spelling = Spelling(naming.IDS, ["0", "0"])
    words = [spelling.of("0", n) for n in range(3)]
    assert words[0] == "0"
    assert len(set(words)) == 3
    assert [spelling.back.get(word, word) for word in words] == ["0"] * 3


def test_it_mints_the_same_id_for_the_same_answer() -> None:
    assert naming.minted("resp", 0) == naming.minted("resp", 0) != naming.minted("resp", 1)
    assert naming.IDS.fits.fullmatch(naming.minted("", 7))


def test_it_knows_the_names_and_ids_of_a_whole_request() -> None:
    call = ir.ToolCall(id="a b", name="agents__old")
    request = ir.Request(
        format="x",
        model="m",
        messages=(ir.Message(role="assistant", parts=(call, ir.Text(text="x"))),),
        tools=(ir.Tool(name="spawn", namespace="agents"),),
    )
    names, ids = naming.names(request), naming.ids(request)
    assert (names.of("agents__spawn"), names.back) == ("agents__spawn", {})
    spelt = ids.of("a b")
    assert ids.back == {spelt: "a b"}
