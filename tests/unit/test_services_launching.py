"""Launches as AWS's clients ask for them, and several machines changed together."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from minicloud.services.launching import LaunchRequest
from tests.unit import invariants
from tests.unit.cloud import Cloud
from tests.unit.test_services_instances import HOSTILE, _code


def test_a_name_of_aws_clients_is_any_text_and_looked_up_only_where_it_is_the_only_one(
    cloud: Cloud,
) -> None:
    for name in HOSTILE:
        if len(name) > 256 or any(ord(c) < 32 for c in name):
            continue
        request = LaunchRequest("web", "t3.nano", tags={"Name": name}, any_name=True)
        made, operations = cloud.instances.launch(request)
        cloud.succeed(operations)
        assert cloud.instances.show(made[0].id).name == name
        cloud.succeed(cloud.instances.terminate(made[0].id))
    twice = LaunchRequest("web", "t3.nano", count=2, tags={"Name": "twin"}, any_name=True)
    made, operations = cloud.instances.launch(twice)
    cloud.succeed(operations)
    assert _code(lambda: cloud.instances.stop("twin")) == "AmbiguousName"
    # minicloud's own names stay what can be typed, and one machine's alone.
    strict = LaunchRequest("web", "t3.nano", "twin")
    assert _code(lambda: cloud.instances.launch(strict)) == "InvalidInstanceName.Duplicate"
    cloud.succeed(cloud.instances.terminate(made[0].id))
    cloud.stop("twin")
    invariants.check(cloud)


def test_tags_can_be_changed_around_a_name_that_no_person_could_give(cloud: Cloud) -> None:
    tags = {"Name": "a b; c"}
    made, operations = cloud.instances.launch(
        LaunchRequest("web", "t3.nano", tags=tags, any_name=True)
    )
    cloud.succeed(operations)
    changed = cloud.instances.modify(
        made[0].id, termination_protection=None, tags={**tags, "team": "red"}
    )
    assert changed.tags == {"Name": "a b; c", "team": "red"}
    for name in ("a b; d", ""):
        refused = partial(
            cloud.instances.modify,
            made[0].id,
            termination_protection=None,
            tags={"Name": name},
        )
        assert _code(refused) == "InvalidParameterValue"


def test_two_of_one_name_among_their_tags_are_refused(cloud: Cloud) -> None:
    request = LaunchRequest("web", "t3.nano", count=2, tags={"Name": "twin"})
    assert _code(lambda: cloud.instances.launch(request)) == "InvalidInstanceName.Duplicate"
    invariants.check(cloud)


def test_several_are_changed_together_or_not_at_all(cloud: Cloud) -> None:
    one, two = cloud.launch("one", "t3.nano"), cloud.launch("two", "t3.nano")
    assert _code(lambda: cloud.instances.stop("one", "three")) == "InvalidInstanceID.NotFound"
    cloud.instances.modify("two", termination_protection=True, tags=None)
    assert _code(lambda: cloud.instances.terminate("one", "two")) == "OperationNotPermitted"
    assert [cloud.instances.show(each.id).state.value for each in (one, two)] == ["running"] * 2
    cloud.succeed(cloud.instances.stop("one", "two", one.id))
    # Both or none: the host cannot hold the second beside the first.
    cloud.succeed(cloud.instances.resize("one", "t3.large"))
    cloud.succeed(cloud.instances.resize("two", "t3.large"))
    cloud.launch("big", "t3.large")
    assert _code(lambda: cloud.instances.start("one", "two")) == "InsufficientInstanceCapacity"
    assert [cloud.instances.show(each.id).state.value for each in (one, two)] == ["stopped"] * 2
    invariants.check(cloud)


def test_addresses_that_run_out_in_the_middle_are_given_back(cloud: Cloud) -> None:
    taken = 125 - 2
    ports = [port for slot in range(taken) for port in range(20000 + slot * 4, 20004 + slot * 4)]
    cloud.host_ports.busy.update(ports)
    few = LaunchRequest("web", "t3.nano", count=4, count_min=1)
    made, operations = cloud.instances.launch(few)
    cloud.succeed(operations)
    assert [each.launch_index for each in made] == [0, 1]
    assert len({each.reservation_id for each in made}) == 1
    assert _code(lambda: cloud.instances.launch(few)) == "InsufficientAddressCapacity"
    invariants.check(cloud)


def test_user_data_goes_with_its_machine(cloud: Cloud) -> None:
    request = LaunchRequest("web", "t3.nano", "web", user_data_base64="aGk=")
    cloud.succeed(cloud.instances.launch(request)[1])
    assert cloud.instances.user_data("web") == "aGk="
    cloud.succeed(cloud.instances.terminate("web"))
    assert cloud.rows("SELECT * FROM user_data") == []
    for wrong in ("§", "aGk", "aG k="):
        bad = replace(request, user_data_base64=wrong)
        assert _code(partial(cloud.instances.launch, bad)) == "InvalidParameterValue"
