"""The model's name in a stream that passes through."""

from __future__ import annotations

from omniroute.gateway.translation.renaming import Renaming


def test_it_exchanges_the_name_where_it_is_expected() -> None:
    renaming = Renaming(b'"model":', "up", "mine")
    assert (
        renaming.block(b'{"model":"up"}{"model":"other"}') == b'{"model":"mine"}{"model":"other"}'
    )


def test_it_learns_how_the_provider_writes_its_name() -> None:
    renaming = Renaming(b'"model":', "up", 'my "own"')
    told = b'{"text":"\\"model\\" : \\"up-2\\"","model" : "up\\u002d2"}'
    assert renaming.event(told, "up-2").endswith(b'"model" : "my \\"own\\""}')
    assert renaming.block(b'{"model" : "up\\u002d2"}') == b'{"model" : "my \\"own\\""}'


def test_it_leaves_an_event_without_a_name() -> None:
    assert Renaming(b'"model":', "up", "mine").event(b'{"model":null}', None) == b'{"model":null}'
