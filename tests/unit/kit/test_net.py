"""Where a request comes from: who is believed when they say that they speak for somebody else."""

from __future__ import annotations

import pytest

from gatehouse.kit.errors import Invalid
from gatehouse.kit.net import Proxies, neighbourhood

NOBODY = Proxies()
OURS = Proxies(["10.0.0.0/24", "2001:db8:1::5"])


def test_what_a_stranger_says_of_where_they_are_is_ignored() -> None:
    assert NOBODY.client("192.0.2.7", "198.51.100.1") == "192.0.2.7"
    assert OURS.client("192.0.2.7", "198.51.100.1") == "192.0.2.7"
    assert OURS.client("127.0.0.1", "198.51.100.1") == "127.0.0.1"


def test_a_proxy_of_ours_is_believed() -> None:
    assert OURS.client("10.0.0.9", "198.51.100.1") == "198.51.100.1"
    assert OURS.client("2001:db8:1::5", "2001:db8:9::1") == "2001:db8:9::1"
    assert OURS.client("10.0.0.9", None) == "10.0.0.9"
    assert OURS.client("10.0.0.9", "") == "10.0.0.9"


def test_what_the_caller_put_in_front_of_a_proxys_word_is_not_believed() -> None:
    assert OURS.client("10.0.0.9", "10.0.0.1, 203.0.113.5, 198.51.100.1") == "198.51.100.1"
    assert OURS.client("10.0.0.9", "1.1.1.1, 198.51.100.1, 10.0.0.8,10.0.0.7") == "198.51.100.1"


def test_through_our_proxies_alone_the_farthest_of_them_is_the_caller() -> None:
    assert OURS.client("10.0.0.9", "10.0.0.3, 10.0.0.4") == "10.0.0.3"


@pytest.mark.parametrize(
    "garbage", ["unknown", "_hidden", "1.2.3", "300.1.1.1", "a, ", ",", "'", "::g", "1.2.3.4.5", "é"]
)
def test_garbage_ends_the_reading(garbage: str) -> None:
    assert OURS.client("10.0.0.9", garbage) == "10.0.0.9"
    assert OURS.client("10.0.0.9", f"198.51.100.1, {garbage}") == "10.0.0.9"
    assert OURS.client("10.0.0.9", f"{garbage}, 198.51.100.1") == "198.51.100.1"
    assert OURS.client("10.0.0.9", f"198.51.100.1, {garbage}, 10.0.0.7") == "10.0.0.7"


def test_a_list_without_end_is_read_at_its_end_alone() -> None:
    endless = "10.0.0.1, " * 100_000
    assert OURS.client("10.0.0.9", endless + "198.51.100.1") == "198.51.100.1"
    assert OURS.client("10.0.0.9", endless + "10.0.0.1") is not None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("198.51.100.1:8080", "198.51.100.1"),
        ("[2001:db8:9::1]:8080", "2001:db8:9::1"),
        ("[2001:db8:9::1]", "2001:db8:9::1"),
        ("2001:DB8:9:0::1", "2001:db8:9::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_addresses_are_read_in_the_forms_that_proxies_write(written: str, meant: str) -> None:
    assert OURS.client("10.0.0.9", written) == meant


def test_who_holds_the_connection_may_have_no_address() -> None:
    assert OURS.client(None, "198.51.100.1") is None
    assert OURS.client("/run/gatehouse.sock", "198.51.100.1") is None
    assert not OURS.trusts(None) and not OURS.trusts("testclient")


def test_an_ipv4_peer_in_the_form_of_ipv6_is_the_same_peer() -> None:
    assert OURS.trusts("::ffff:10.0.0.9")
    assert OURS.client("::ffff:192.0.2.7", None) == "192.0.2.7"
    assert OURS.client("fe80::1%eth0", None) == "fe80::1"


def test_many_peers_are_told_apart_still() -> None:
    few = Proxies(["10.0.0.9"])
    for number in range(1500):
        assert not few.trusts(f"172.16.{number // 250}.{number % 250}")
    assert few.trusts("10.0.0.9") and few.client("10.0.0.9", "198.51.100.1") == "198.51.100.1"


def test_https_is_believed_of_a_proxy_of_ours_alone() -> None:
    assert OURS.secure("10.0.0.9", "http", "https")
    assert OURS.secure("10.0.0.9", "http", "HTTPS, http")
    assert not OURS.secure("192.0.2.7", "http", "https")
    assert not NOBODY.secure("127.0.0.1", "http", "https")
    assert not OURS.secure("10.0.0.9", "https", "http")
    assert not OURS.secure("10.0.0.9", "http", "httpsx")
    assert OURS.secure("192.0.2.7", "https", None)


@pytest.mark.parametrize("wrong", ["proxy.example.com", "10.0.0.0/33", "10.0.0.5/24", "", "*", "10.0.0"])
def test_what_is_no_network_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        Proxies(["10.0.0.5", wrong])
    assert f"'{wrong}'" in caught.value.message and "trusted_proxies" in caught.value.message
    assert "10.0.0.0/24" in caught.value.hint


def test_neighbours_are_told_by_their_network() -> None:
    assert neighbourhood("192.0.2.7") == neighbourhood("192.0.2.200") == "192.0.2.0/24"
    assert neighbourhood("2001:db8:1:2::9") == "2001:db8:1:2::/64" != neighbourhood("2001:db8:1:3::9")
    assert neighbourhood(None) == neighbourhood("nonsense") == "unknown"
