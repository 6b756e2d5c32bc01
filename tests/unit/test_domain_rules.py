"""The pure rules: ids, types, places, slots, states, ports, usage."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.catalog import instance_type, instance_types
from minicloud.domain.errors import CapacityExceeded, InvalidRequest
from minicloud.domain.ids import IdKind, is_id, looks_like_id, make_id, require_id
from minicloud.domain.instance import InstanceState
from minicloud.domain.ledger import LedgerEntry, LedgerKind, usage
from minicloud.domain.listening import await_ports_script, listening_ports
from minicloud.domain.network import PLACES, Place, next_slot
from minicloud.domain.settings import Settings
from minicloud.domain.tags import shown, validate_name

AT = datetime(2030, 1, 1, tzinfo=UTC)


@given(st.text("0123456789abcdef", min_size=17))
def test_a_made_id_is_an_id_of_its_kind_alone(digits: str) -> None:
    for kind in IdKind:
        made = make_id(kind, digits)
        assert [other for other in IdKind if is_id(other, made)] == [kind]
        assert require_id(kind, made, "X") == made


@pytest.mark.parametrize("text", ["i-", "i-0", "i-" + "g" * 17, "i-" + "0" * 18, "i-" + "0" * 9999])
def test_a_malformed_id_is_refused_with_a_short_word(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        require_id(IdKind.INSTANCE, text, "InvalidInstanceID.Malformed")
    assert caught.value.code == "InvalidInstanceID.Malformed"
    assert len(caught.value.message) < 150


@given(st.text())
def test_a_name_that_is_taken_is_safe_in_a_shell_and_never_an_id(text: str) -> None:
    try:
        name = validate_name(text)
    except InvalidRequest:
        return
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,63}", name)
    assert not name.startswith(("-", "."))
    assert not any(looks_like_id(kind, name) for kind in IdKind)


@given(st.text(max_size=200))
def test_hostile_text_is_shown_short_and_without_control(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) < 300


def test_the_catalogue_is_ec2s() -> None:
    assert len(instance_types()) >= 40
    true_figures = {
        "t2.micro": (1, 1024, 0.5),
        "t3.nano": (2, 512, 0.25),
        "t3.2xlarge": (8, 32768, 16),
        "m5.large": (2, 8192, 4),
        "c5.xlarge": (4, 8192, 8),
        "r6i.4xlarge": (16, 131072, 32),
        "m6i.8xlarge": (32, 131072, 64),
    }
    figures = {t.name: (t.vcpus, t.memory_mib, t.normalization) for t in instance_types()}
    assert {name: figures[name] for name in true_figures} == true_figures
    for its_type in instance_types():
        assert instance_type(its_type.name) is its_type
        assert f"{its_type.family}.{its_type.size}" == its_type.name


def test_places_share_nothing() -> None:
    places = [Place(number) for number in range(PLACES)]
    for one, other in itertools.combinations(places, 2):
        assert not one.subnet.overlaps(other.subnet)
        assert not one.public_block.overlaps(other.public_block)
    ports = [p for place in places for p in place.host_port_block(ports_are_published=False)]
    assert len(ports) == len(set(ports))
    assert max(ports) < 32768, "the kernel gives out ports from there on"


@pytest.mark.parametrize("number", [-1, PLACES])
def test_there_is_no_other_place(number: int) -> None:
    with pytest.raises(ValueError, match="place"):
        Place(number)


def test_no_slot_meets_the_gateway_the_edge_or_the_broadcast() -> None:
    place = Place(3)
    given_out = {place.private_ip(slot) for slot in range(place.slot_count)}
    assert len(given_out) == place.slot_count
    for taken in (place.gateway, place.edge_ip, str(place.subnet[-1]), str(place.subnet[0])):
        assert taken not in given_out
    with pytest.raises(ValueError, match="slot"):
        place.private_ip(place.slot_count)


@given(taken=st.sets(st.integers(0, 9)), last=st.integers(-1, 9))
def test_the_next_slot_is_free_and_the_first_after_the_last(taken: set[int], last: int) -> None:
    if len(taken) == 10:
        with pytest.raises(CapacityExceeded):
            next_slot(taken, last, 10, "public")
        return
    slot = next_slot(taken, last, 10, "public")
    assert slot not in taken
    passed = (slot - last - 1) % 10
    assert all((last + 1 + step) % 10 in taken for step in range(passed))


def test_states_have_aws_numbers_and_only_three_hold_capacity() -> None:
    assert {s.value: s.code for s in InstanceState} == {
        "pending": 0,
        "running": 16,
        "shutting-down": 32,
        "terminated": 48,
        "stopping": 64,
        "stopped": 80,
    }
    holding = {s for s in InstanceState if s.holds_capacity}
    assert holding == {InstanceState.PENDING, InstanceState.RUNNING, InstanceState.STOPPING}


@pytest.mark.parametrize(
    "wrong",
    [{"cpu_overcommit": 0.0}, {"memory_overcommit": 101.0}, {"address_limit": -1}],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest, match="must be between"):
        Settings(**wrong)  # type: ignore[arg-type]


def test_not_a_number_is_no_setting() -> None:
    with pytest.raises(InvalidRequest):
        Settings(cpu_overcommit=float("nan"))


def test_ports_open_to_the_network_are_found_and_loopback_ones_are_not() -> None:
    table = """  sl  local_address rem_address   st
   0: 00000000:0050 00000000:0000 0A
   1: 0100007F:0CEA 00000000:0000 0A
   2: 0B00007F:9C40 00000000:0000 0A
   3: 0A001FAC:01BB 00000000:0000 0A
   4: 0A001FAC:0050 0100000A:9999 01
   0: 00000000000000000000000000000000:0016 0:0 0A
   1: 00000000000000000000000001000000:1F90 0:0 0A
garbage
"""
    assert listening_ports(table) == (22, 80, 443)
    assert "for port in 0016 0050 01BB" in await_ports_script((22, 80, 443), 60)


EVENTS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from(list(InstanceState))), min_size=1, max_size=20
)


@given(EVENTS)
def test_running_time_is_what_lies_between_running_and_the_next_state(
    events: list[tuple[int, InstanceState]],
) -> None:
    ordered = sorted(events, key=lambda e: e[0])
    entries = [
        LedgerEntry(
            AT + timedelta(seconds=second),
            LedgerKind.INSTANCE_STATE,
            "i-1",
            {"state": state.value, "type": "t3.micro"},
            sequence=number,
        )
        for number, (second, state) in enumerate(ordered)
    ]
    now = AT + timedelta(seconds=200)
    seconds = [*(second for second, _ in ordered), 200]
    expected = sum(
        seconds[n + 1] - seconds[n]
        for n, (_, state) in enumerate(ordered)
        if state is InstanceState.RUNNING
    )
    assert sum(u.duration_s(now) for u in usage(reversed(entries))) == expected
    assert all(u.duration_s(now) >= 0 for u in usage(entries))
