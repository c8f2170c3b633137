import pytest

from adapter.bridge.addresses import UNREADABLE, AddressList, caller_address

PROXIES = AddressList(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("entries", "address", "listed"),
    [
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1"], "192.0.2.2", False),
        (["192.0.2.0/24"], "192.0.2.200", True),
        (["192.0.2.7/24"], "192.0.2.200", True),
        (["127.0.0.0/8", "::1"], "::ffff:127.0.0.1", True),
        (["::1"], "127.0.0.1", False),
        (["2001:db8::/32"], "2001:db8::5", True),
        (["0.0.0.0/0"], "not an address", False),
        (["0.0.0.0/0"], "", False),
        ([], "127.0.0.1", False),
    ],
)
def test_lists_hold_addresses_and_networks(entries, address, listed):
    known = AddressList(entries)
    assert (address in known) is listed
    assert (address in known) is listed  # the remembered answer is the same


def test_a_list_refuses_what_is_no_address():
    with pytest.raises(ValueError, match="example"):
        AddressList(["example.com"])


def test_what_a_list_remembers_is_bounded():
    known = AddressList(["10.0.0.0/8"])
    for number in range(5000):
        assert f"10.0.{number % 256}.{number // 256}" in known
    assert len(known._known) <= 4096


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("198.51.100.7", None, "198.51.100.7"),
        ("198.51.100.7", "192.0.2.1", "198.51.100.7"),  # no proxy of ours: not believed
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9, 192.0.2.1", "192.0.2.1"),  # the left one is the caller's claim
        ("10.0.0.1", "203.0.113.9, 192.0.2.1, 10.1.1.1", "192.0.2.1"),
        ("10.0.0.1", "10.9.9.9, 10.1.1.1", "10.9.9.9"),
        ("::1", "192.0.2.1:4711", "192.0.2.1"),
        ("::1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("::1", "2001:db8::5", "2001:db8::5"),
        ("::1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "192.0.2.1, unknown", UNREADABLE),
        ("10.0.0.1", "192.0.2.1,", UNREADABLE),
        ("10.0.0.1", "garbage, 192.0.2.1", "192.0.2.1"),
    ],
)
def test_the_address_is_the_right_most_untrusted_one(peer, forwarded_for, address):
    assert caller_address(peer, forwarded_for, PROXIES) == address


def test_an_unreadable_address_is_on_no_list():
    assert UNREADABLE not in AddressList(["0.0.0.0/0", "::/0"])
