"""What can be asked of machines, and what AWS answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.errors import CapacityExceeded, Conflict, InvalidRequest, MiniCloudError
from minicloud.domain.instance import InstanceState
from minicloud.domain.operation import OperationStatus
from minicloud.services.launching import LaunchRequest
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment

HOSTILE = (
    "$(reboot)",
    "`id`",
    "a; rm -rf /",
    "../../etc/passwd",
    "{{ 7*7 }}",
    "{% raw %}",
    "%s%n",
    "a b",
    "a\nb",
    "a\x00b",
    "\x1b[2J",
    "🦆",
    "\u202eevil",
    "مرحبا",
    "-rf",
    ".hidden",
    "i-0123",
    "ami-",
    "eipalloc-00000000000000000",
    "x" * 10_000,
    "",
    "name\n",
    "Ａ",
)


def _code(refused: Callable[[], object]) -> str:
    with pytest.raises(MiniCloudError) as caught:
        refused()
    assert caught.value.resolution, caught.value
    assert len(caught.value.message) < 300
    assert caught.value.message.isprintable()
    return caught.value.code


def test_a_launched_machine_is_as_it_was_asked_for(cloud: Cloud) -> None:
    request = LaunchRequest("web", "t3.small", "front", tags={"team": "한국"})
    made, operations = cloud.instances.launch(request)
    assert made[0].state is InstanceState.PENDING
    assert made[0].state.code == 0
    cloud.succeed(operations)
    shown = cloud.instances.show("front")
    assert shown == cloud.instances.show(shown.id)
    assert (shown.state, shown.state.code) == (InstanceState.RUNNING, 16)
    assert (shown.type_name, shown.private_ip) == ("t3.small", "172.31.0.10")
    assert shown.hostname == "ip-172-31-0-10"
    assert dict(shown.tags) == {"team": "한국", "Name": "front"}
    assert cloud.edge.target(shown.public_ip or "") == shown.private_ip
    assert cloud.engine.limits(shown.container_name).memory_mib == 2048
    invariants.check(cloud)


def test_several_are_numbered_and_all_or_none(cloud: Cloud) -> None:
    made, operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "n", count=3))
    cloud.succeed(operations)
    assert [i.name for i in made] == ["n-1", "n-2", "n-3"]
    again = LaunchRequest("web", "t3.nano", "n", count=2)
    assert _code(lambda: cloud.instances.launch(again)) == "InvalidInstanceName.Duplicate"
    assert len(cloud.instances.list_all(include_terminated=True)) == 3
    invariants.check(cloud)


@pytest.mark.parametrize("count", [0, -1, 101])
def test_counts_beyond_the_limits_are_refused(cloud: Cloud, count: int) -> None:
    request = LaunchRequest("web", "t3.nano", count=count)
    assert _code(lambda: cloud.instances.launch(request)) == "InvalidParameterValue"


def test_a_token_used_before_gives_the_machines_of_then(cloud: Cloud) -> None:
    request = LaunchRequest("web", "t3.nano", "one", client_token="token")
    made, operations = cloud.instances.launch(request)
    again, nothing = cloud.instances.launch(request)
    cloud.succeed(operations)
    assert [i.id for i in again] == [i.id for i in made]
    assert nothing == []
    invariants.check(cloud)


@pytest.mark.parametrize(
    "change", [{"type_name": "t3.micro"}, {"image": "base"}, {"count": 2}], ids=str
)
def test_a_token_used_for_another_launch_is_refused(
    cloud: Cloud, change: dict[str, object]
) -> None:
    request = LaunchRequest("web", "t3.nano", client_token="token")
    cloud.succeed(cloud.instances.launch(request)[1])
    other = replace(request, **change)  # type: ignore[arg-type]
    assert _code(lambda: cloud.instances.launch(other)) == "IdempotentParameterMismatch"


def test_a_token_survives_the_image_it_named(cloud: Cloud) -> None:
    request = LaunchRequest("web", "t3.nano", client_token="token")
    made, operations = cloud.instances.launch(request)
    cloud.succeed(operations)
    cloud.builder.edition += 1
    cloud.build()
    with pytest.raises(InvalidRequest) as caught:
        cloud.instances.launch(request)
    # The name means another image by now, which AWS calls another request.
    assert caught.value.code == "IdempotentParameterMismatch"
    again = replace(request, image=made[0].image_id)
    assert _code(lambda: cloud.instances.launch(again)) == "InvalidAMIID.NotFound"


def test_stopping_and_terminating_twice_is_no_error(cloud: Cloud) -> None:
    machine = cloud.launch()
    cloud.stop("web")
    assert cloud.instances.stop("web") == []
    cloud.succeed(cloud.instances.terminate("web"))
    assert cloud.instances.terminate(machine.id) == []
    assert cloud.instances.show(machine.id).state.code == 48


def test_states_forbid_what_aws_forbids(cloud: Cloud) -> None:
    machine = cloud.launch()
    assert cloud.instances.start("web") == []
    assert _code(lambda: cloud.instances.resize("web", "t3.large")) == "IncorrectInstanceState"
    cloud.stop("web")
    assert _code(lambda: cloud.instances.reboot("web")) == "IncorrectInstanceState"
    assert _code(lambda: cloud.instances.exec("web", ["true"], b"")) == "IncorrectInstanceState"
    cloud.succeed(cloud.instances.terminate("web"))
    for refused in (cloud.instances.start, cloud.instances.stop, cloud.instances.reboot):
        assert _code(partial(refused, machine.id)) == "IncorrectInstanceState"
    assert _code(lambda: cloud.instances.stop("web")) == "InvalidInstanceID.NotFound"
    assert _code(lambda: cloud.instances.stop("i-123")) == "InvalidInstanceID.Malformed"
    assert _code(lambda: cloud.instances.stop("i-" + "0" * 10_000)) == "InvalidInstanceID.Malformed"
    assert _code(lambda: cloud.instances.stop("i-" + "0" * 17)) == "InvalidInstanceID.NotFound"
    invariants.check(cloud)


def test_who_comes_second_to_a_machine_is_told_who_came_first(cloud: Cloud) -> None:
    cloud.launch()
    refused: list[str] = []
    cloud.on_moment(
        [Moment("stop-container", "started")],
        lambda: refused.append(_code(lambda: cloud.instances.reboot("web"))),
    )
    cloud.stop("web")
    assert refused == ["OperationInProgress"]
    invariants.check(cloud)


def test_a_protected_machine_cannot_be_terminated_until_that_is_lifted(cloud: Cloud) -> None:
    request = LaunchRequest("web", "t3.nano", "safe", termination_protection=True)
    cloud.succeed(cloud.instances.launch(request)[1])
    assert _code(lambda: cloud.instances.terminate("safe")) == "OperationNotPermitted"
    invariants.check(cloud)
    cloud.instances.modify("safe", termination_protection=False, tags=None)
    cloud.succeed(cloud.instances.terminate("safe"))
    invariants.check(cloud)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:20]))
def test_hostile_names_are_refused_in_one_plain_line(cloud: Cloud, name: str) -> None:
    request = LaunchRequest("web", "t3.nano", name)
    assert _code(lambda: cloud.instances.launch(request)) == "InvalidParameterValue"
    assert _code(lambda: cloud.addresses.allocate(name, {})) == "InvalidParameterValue"
    invariants.check(cloud)


@given(text=st.text(st.characters(), max_size=80))
def test_any_text_is_refused_plainly_or_is_safe(text: str) -> None:
    cloud = _shared()
    for look_up in (cloud.instances.show, cloud.images.show, cloud.addresses.show):
        code = _code(partial(look_up, text))
        assert code.endswith((".NotFound", ".Malformed"))
    # The type is looked up first, so nothing is launched whatever the name is.
    unknown = LaunchRequest("web", "x1.none", text)
    assert _code(partial(cloud.instances.launch, unknown)) == "InvalidParameterValue"
    with pytest.raises(MiniCloudError):
        cloud.instances.launch(LaunchRequest(text, "t3.nano"))
    with pytest.raises(MiniCloudError):
        cloud.instances.launch(LaunchRequest("web", text))


def _shared() -> Cloud:
    if not _SHARED:
        _SHARED.append(Cloud())
        _SHARED[0].build()
    return _SHARED[0]


_SHARED: list[Cloud] = []


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({"aws:x": "1"}, "InvalidParameterValue"),
        ({"": "1"}, "InvalidParameterValue"),
        ({"k" * 129: "1"}, "InvalidParameterValue"),
        ({"k": "v" * 257}, "InvalidParameterValue"),
        ({"k": "a\x07"}, "InvalidParameterValue"),
        ({"k": "\ud800"}, "InvalidParameterValue"),
        ({"Name": "a b"}, "InvalidParameterValue"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_tags_are_held_to_aws_limits(cloud: Cloud, tags: dict[str, str], code: str) -> None:
    request = LaunchRequest("web", "t3.nano", tags=tags)
    assert _code(lambda: cloud.instances.launch(request)) == code
    cloud.launch()
    assert (
        _code(lambda: cloud.instances.modify("web", termination_protection=None, tags=tags)) == code
    )


def test_fifty_tags_are_taken_and_one_more_is_not(cloud: Cloud) -> None:
    tags = {f"k{n}": "v" for n in range(50)}
    cloud.succeed(cloud.instances.launch(LaunchRequest("web", "t3.nano", tags=tags))[1])
    more = LaunchRequest("web", "t3.nano", tags={**tags, "one": "more"})
    with pytest.raises(InvalidRequest, match="TagLimitExceeded"):
        cloud.instances.launch(more)


def test_a_rename_cannot_take_the_name_of_another(cloud: Cloud) -> None:
    cloud.launch("one", "t3.nano")
    cloud.launch("two", "t3.nano")
    with pytest.raises(Conflict, match=r"InvalidInstanceName\.Duplicate"):
        cloud.instances.modify("one", termination_protection=None, tags={"Name": "two"})
    assert cloud.instances.modify("one", termination_protection=None, tags={}).name == ""


def test_memory_that_the_host_has_not_is_refused_with_numbers(cloud: Cloud) -> None:
    cloud.launch("big", "t3.large")
    with pytest.raises(CapacityExceeded) as caught:
        cloud.launch("bigger", "r5.large")
    assert caught.value.code == "InsufficientInstanceCapacity"
    assert "needs 16384 MiB; 8192 of 16384 are taken" in caught.value.message
    assert "--memory-overcommit" in caught.value.resolution
    cloud.clouds.change_settings(lambda settings: replace(settings, memory_overcommit=1.5))
    cloud.launch("bigger", "r5.large")
    invariants.check(cloud)


def test_processors_are_overcommitted_but_never_within_one_machine(cloud: Cloud) -> None:
    with pytest.raises(CapacityExceeded, match="16 vCPUs and this host 8"):
        cloud.launch("wide", "c5.4xlarge")
    made, operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", count=16))
    cloud.succeed(operations)
    with pytest.raises(CapacityExceeded, match="needs 2 vCPUs; 32 of 32 are taken"):
        cloud.launch("one-more", "t3.nano")
    cloud.stop(made[0].id)
    cloud.launch("one-more", "t3.nano")
    with pytest.raises(CapacityExceeded):
        cloud.start(made[0].id)
    invariants.check(cloud)


def test_a_launch_that_does_not_fit_as_a_whole_leaves_nothing(cloud: Cloud) -> None:
    before = invariants.snapshot(cloud)
    with pytest.raises(CapacityExceeded):
        cloud.instances.launch(LaunchRequest("web", "t3.large", count=3))
    assert invariants.snapshot(cloud)["leases"] == before["leases"]
    assert cloud.instances.list_all(include_terminated=True) == []


def test_a_machine_is_resized_only_while_stopped(cloud: Cloud) -> None:
    machine = cloud.launch()
    cloud.stop("web")
    cloud.succeed(cloud.instances.resize("web", "t3.large"))
    assert cloud.engine.limits(machine.container_name).memory_mib == 8192
    with pytest.raises(CapacityExceeded):
        cloud.instances.resize("web", "r5.xlarge")
    with pytest.raises(InvalidRequest, match="InvalidParameterValue") as caught:
        cloud.instances.resize("web", "t3.lage")
    assert caught.value.resolution.startswith("did you mean t3.large?")
    assert cloud.start("web").type_name == "t3.large"
    invariants.check(cloud)


def test_the_public_address_changes_over_stop_and_start_and_the_private_stays(
    cloud: Cloud,
) -> None:
    first = cloud.launch()
    stopped = cloud.stop("web")
    assert stopped.public_ip is None
    again = cloud.start("web")
    assert again.public_ip not in {None, first.public_ip}
    assert again.private_ip == first.private_ip
    assert again.launched_at > first.launched_at
    assert cloud.edge.target(again.public_ip or "") == first.private_ip
    invariants.check(cloud)


def test_an_elastic_ip_stays_over_stop_and_start(cloud: Cloud) -> None:
    machine = cloud.launch()
    address = cloud.allocate()
    cloud.associate(address, machine)
    cloud.stop("web")
    assert cloud.edge.target(address.public_ip) is None
    cloud.start("web")
    assert cloud.public_ip("web") == address.public_ip
    assert cloud.edge.target(address.public_ip) == machine.private_ip
    invariants.check(cloud)


def test_addresses_that_were_given_back_are_not_given_out_at_once(cloud: Cloud) -> None:
    gone = cloud.launch()
    cloud.succeed(cloud.instances.terminate("web"))
    fresh = cloud.launch()
    assert fresh.private_ip != gone.private_ip
    assert fresh.public_ip != gone.public_ip


def test_a_reboot_keeps_everything_and_boots_once(cloud: Cloud) -> None:
    before = cloud.launch()
    entries = len(cloud.ledger.entries())
    cloud.succeed(cloud.instances.reboot("web"))
    assert cloud.instances.show("web") == before
    assert len(cloud.ledger.entries()) == entries
    assert cloud.engine.calls.count("restart") == 1


def test_a_reboot_that_the_server_died_after_is_not_done_again(cloud: Cloud) -> None:
    cloud.launch()
    cloud.kill_at(Moment("restart-container", "acted"))
    cloud.instances.reboot("web")
    cloud.await_death()
    cloud.restart()
    assert cloud.engine.calls.count("restart") == 1
    invariants.check(cloud)


def test_slots_whose_host_ports_are_taken_are_left_out(cloud: Cloud) -> None:
    cloud.infrastructure.ready()
    place = cloud.infrastructure.place()
    cloud.host_ports.busy = {next(iter(place.host_ports(0))), list(place.host_ports(1))[3]}
    assert cloud.launch().public_slot == 2


def test_without_an_engine_a_request_is_refused_and_nothing_begun(cloud: Cloud) -> None:
    cloud.launch()
    cloud.engine.vanish()
    for refused in (
        lambda: cloud.instances.launch(LaunchRequest("web", "t3.nano")),
        lambda: cloud.instances.stop("web"),
        lambda: cloud.instances.reboot("web"),
        lambda: cloud.instances.terminate("web"),
    ):
        assert _code(refused) == "EngineUnreachable"
    assert cloud.instances.show("web").state is InstanceState.RUNNING
    cloud.engine.come_back()
    invariants.check(cloud)


def test_a_name_taken_by_a_stranger_fails_the_launch_and_the_stranger_stays(cloud: Cloud) -> None:
    stranger: list[str] = []

    def take_the_name() -> None:
        machine = cloud.instances.show("web")
        stranger.append(machine.container_name)
        cloud.engine.add_stranger(machine.container_name)

    cloud.on_moment([Moment("create-container", "started")], take_the_name)
    _, operations = cloud.instances.launch(LaunchRequest("web", "t3.nano", "web"))
    ended = cloud.finish(operations)[0]
    assert ended.status is OperationStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == "NameTaken"
    assert cloud.engine.container(stranger[0]) is not None
    cloud.reconciler.reconcile_once()
    assert cloud.engine.container(stranger[0]) is not None
    invariants.check(cloud)
