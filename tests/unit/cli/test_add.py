import pytest

from gatehouse.catalog.model import Transport
from gatehouse.cli.add import offered, read_target
from gatehouse.cli.errors import Misused


@pytest.mark.parametrize(
    ("target", "transport", "words"),
    [
        (["https://a/mcp", "more"], Transport.AUTO, "after the URL"),
        (["https://a/mcp"], Transport.STDIO, "not reached over stdio"),
        (["npx"], Transport.HTTP, "not reached over http"),
        (["example.com/mcp"], Transport.AUTO, "write https://example.com/mcp"),
        (["localhost:9000"], Transport.AUTO, "neither a URL nor a program"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(target: list[str], transport: Transport, words: str) -> None:
    with pytest.raises(Misused) as caught:
        read_target("x", target, transport)
    assert words in str(caught.value)


def test_a_url_is_reached_as_it_is_found_to_speak() -> None:
    assert read_target("x", ["https://a/mcp"], Transport.AUTO) == {
        "name": "x",
        "url": "https://a/mcp",
        "transport": "auto",
    }


def test_a_command_keeps_its_arguments_apart() -> None:
    body = read_target("x", ["npx", "-y", "a b"], Transport.AUTO)
    assert (body["command"], body["args"], body["transport"]) == ("npx", ["-y", "a b"], "stdio")


def test_what_is_offered_is_counted_in_words() -> None:
    assert offered({"tools": 3, "prompts": 1, "resources": 0}) == "3 tools and 1 prompt"
    assert offered({"tools": 1}) == "1 tool"
    assert offered({}) == "it offers nothing"
