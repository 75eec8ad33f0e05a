from pathlib import Path

import pytest

from gatehouse.cli.address import Address, find_endpoint, find_gateway
from gatehouse.cli.errors import Misused


@pytest.mark.parametrize("url", ["localhost:4444", "ftp://a", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Misused, match="GATEHOUSE_URL"):
        find_gateway({"GATEHOUSE_URL": url})


def test_the_token_of_the_environment_comes_before_that_in_the_data_directory(tmp_path: Path) -> None:
    environ = {"GATEHOUSE_DATA": str(tmp_path)}
    assert find_gateway(environ) == Address("http://127.0.0.1:4444", None)
    (tmp_path / "admin-token").write_text("from-file\n")
    assert find_gateway(environ).token == "from-file"
    assert find_gateway(environ | {"GATEHOUSE_TOKEN": "given"}).token == "given"


def test_a_token_is_not_shown_in_tracebacks() -> None:
    assert "secret" not in repr(Address("http://a", "secret"))


def test_a_name_is_a_server_of_the_gateway_and_a_url_is_itself() -> None:
    environ = {"GATEHOUSE_URL": "http://gate:1/", "GATEHOUSE_TOKEN": "t"}
    assert find_endpoint("my tools", environ) == Address("http://gate:1/servers/my%20tools/mcp", "t")
    assert find_endpoint("http://gate:1/mcp", environ) == Address("http://gate:1/mcp", "t")


def test_a_token_of_the_gateway_is_not_shown_to_others() -> None:
    environ = {"GATEHOUSE_URL": "http://gate:1", "GATEHOUSE_TOKEN": "t"}
    assert find_endpoint("https://elsewhere.example/mcp", environ).token is None
    assert find_endpoint("http://gate:2/mcp", environ).token is None
