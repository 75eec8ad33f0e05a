import pytest

from gatehouse.kit.errors import Invalid
from gatehouse.upstreams.http import Origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/mcp",
        "example.com/mcp",
        "ftp://example.com/",
        "http://",
        "http:///mcp",
        "http://:80/",
        "http://user:secret@example.com/",
        "http://secret@example.com/",
        "http://@example.com/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:eighty/",
        "http://exa mple.com/",
        "http://example.com/a\r\nhost: other",
        "http://example.com\\@other.com/",
        "http://exam%70le.com/",
        "http://[::1/",
        "http://[secret]/",
        "http://[fe80::1%25eth0]/",
        "http://-example.com/",
        "http://a..b/",
        f"http://{'a' * 64}.com/",
        f"http://{'a.' * 130}com/",
    ],
)
def test_what_is_no_http_url_with_a_host_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        Origin.from_url(url)
    assert "secret" not in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("http://Example.COM", Origin("http", "example.com", 80), b"/"),
        ("HTTPS://example.com/mcp", Origin("https", "example.com", 443), b"/mcp"),
        ("http://localhost:8080/a/b?c=d&e#f", Origin("http", "localhost", 8080), b"/a/b?c=d&e"),
        ("http://example.com?q=1", Origin("http", "example.com", 80), b"/?q=1"),
        ("http://my_service.internal./", Origin("http", "my_service.internal.", 80), b"/"),
        ("http://[::1]:9/x", Origin("http", "::1", 9), b"/x"),
        ("http://127.0.0.1/%20%2F", Origin("http", "127.0.0.1", 80), b"/%20%2F"),
        ("http://bücher.example/é?ü={x}", Origin("http", "xn--bcher-kva.example", 80), b"/%C3%A9?%C3%BC=%7Bx%7D"),
    ],
)
def test_a_url_becomes_an_origin_and_a_target_that_can_be_sent(url: str, origin: Origin, target: bytes) -> None:
    assert Origin.from_url(url) == (origin, target)


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("http", "example.com", 80), "example.com"),
        (Origin("https", "example.com", 443), "example.com"),
        (Origin("https", "example.com", 80), "example.com:80"),
        (Origin("http", "::1", 80), "[::1]"),
        (Origin("http", "::1", 8080), "[::1]:8080"),
    ],
)
def test_the_authority_names_the_port_only_where_it_is_not_the_schemes_own(origin: Origin, authority: str) -> None:
    assert origin.authority == authority
