"""Anything, in any order: what must be true of a cloud at rest is true after every step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from minicloud.domain.errors import MiniCloudError, Unavailable
from minicloud.domain.instance import Instance
from minicloud.domain.operation import Operation
from minicloud.domain.target_group import TargetGroup
from minicloud.services.balancers import CreateBalancer, Front
from minicloud.services.launching import LaunchRequest
from minicloud.services.scaling import ScaleUpRequest
from minicloud.services.target_groups import TargetRef
from tests.unit import invariants
from tests.unit.cloud import Cloud, Moment, prepared
from tests.unit.scenario import serve
from tests.unit.scenarios import SCENARIOS

NUMBERS = st.integers(0, 7)
STEPS = sorted({step for s in SCENARIOS for step in s.definition.step_names})
MOMENTS = [Moment(step, name) for step in STEPS for name in ("started", "acted")]
TYPES = st.sampled_from(["t3.nano", "t3.micro", "t3.small", "t3.large", "c5.large"])
BROKEN = Unavailable("EngineError", "it broke")


class AnyCloud(RuleBasedStateMachine):
    """A cloud and everybody who can do something to it."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = Cloud(prepared(serve))
        self.named = 0

    def teardown(self) -> None:
        self.cloud.close()

    def _machines(self) -> Sequence[Instance]:
        return self.cloud.instances.list_all(include_terminated=False)

    def _a_machine(self, number: int) -> Instance:
        machines = self._machines()
        return machines[number % len(machines)]

    def _an_address(self, number: int) -> str:
        addresses = self.cloud.addresses.list_all()
        return addresses[number % len(addresses)].allocation_id

    def _finish(self, operations: list[Operation]) -> None:
        self.cloud.finish(operations)
        # A death in an operation's hands is seen when they let go, by another look.
        while self.cloud.reconciler.reconcile_once():
            pass

    @rule(type_name=TYPES, count=st.integers(1, 3))
    def launch(self, type_name: str, count: int) -> None:
        self.named += 1
        with suppress(MiniCloudError):
            request = LaunchRequest("web", type_name, f"m{self.named}", count=count)
            self._finish(self.cloud.instances.launch(request)[1])

    @precondition(lambda self: self._machines())
    @rule(number=NUMBERS, verb=st.sampled_from(["start", "stop", "reboot", "terminate"]))
    def command(self, number: int, verb: str) -> None:
        with suppress(MiniCloudError):
            self._finish(getattr(self.cloud.instances, verb)(self._a_machine(number).id))

    @precondition(lambda self: len(self._machines()) > 1)
    @rule(one=NUMBERS, other=NUMBERS)
    def command_two_at_once(self, one: int, other: int) -> None:
        asked: list[Operation] = []
        with suppress(MiniCloudError):
            asked += self.cloud.instances.stop(self._a_machine(one).id)
        with suppress(MiniCloudError):
            asked += self.cloud.instances.terminate(self._a_machine(other).id)
        self._finish(asked)

    @precondition(lambda self: self._machines())
    @rule(number=NUMBERS, type_name=TYPES)
    def resize(self, number: int, type_name: str) -> None:
        with suppress(MiniCloudError):
            self._finish(self.cloud.instances.resize(self._a_machine(number).id, type_name))

    @precondition(lambda self: self._machines())
    @rule(number=NUMBERS, type_name=TYPES, reboot=st.booleans())
    def scale_up(self, number: int, type_name: str, reboot: bool) -> None:
        request = ScaleUpRequest(self._a_machine(number).id, type_name, reboot=reboot)
        with suppress(MiniCloudError):
            self._finish(self.cloud.scaling.scale_up(request))

    @rule()
    def allocate(self) -> None:
        with suppress(MiniCloudError):
            self._finish([self.cloud.addresses.allocate(None, {})[1]])

    @precondition(lambda self: self._machines() and self.cloud.addresses.list_all())
    @rule(address=NUMBERS, machine=NUMBERS, allowed=st.booleans())
    def associate(self, address: int, machine: int, allowed: bool) -> None:
        with suppress(MiniCloudError):
            self._finish(
                self.cloud.addresses.associate(
                    self._an_address(address),
                    self._a_machine(machine).id,
                    reassociation_allowed=allowed,
                )
            )

    @precondition(lambda self: self.cloud.addresses.list_all())
    @rule(address=NUMBERS, verb=st.sampled_from(["disassociate", "release"]))
    def let_go(self, address: int, verb: str) -> None:
        with suppress(MiniCloudError):
            self._finish(getattr(self.cloud.addresses, verb)(self._an_address(address)))

    @precondition(lambda self: self._machines())
    @rule(number=NUMBERS, exit_code=st.sampled_from([0, 129, 137]))
    def die_behind_our_back(self, number: int, exit_code: int) -> None:
        name = self._a_machine(number).container_name
        if invariants.containers_of(self.cloud)[name]:
            self.cloud.engine.kill(name, exit_code)
        self._finish([])

    @precondition(lambda self: self._machines())
    @rule(number=NUMBERS, verb=st.sampled_from(["remove", "ensure_started"]))
    def meddle_behind_our_back(self, number: int, verb: str) -> None:
        getattr(self.cloud.engine, verb)(self._a_machine(number).container_name)
        self._finish([])

    def _a_group(self, number: int) -> TargetGroup:
        groups = self.cloud.target_groups.list_all()
        return groups[number % len(groups)]

    @precondition(lambda self: len(self.cloud.target_groups.list_all()) < 3)
    @rule(numbers=st.lists(NUMBERS, max_size=3))
    def balance(self, numbers: list[int]) -> None:
        self.named += 1
        machines = {self._a_machine(number).id for number in numbers if self._machines()}
        request = CreateBalancer(f"b{self.named}", front=Front(sorted(machines)))
        with suppress(MiniCloudError):
            self._finish(self.cloud.balancers.create(request)[1])

    @precondition(lambda self: self._machines() and self.cloud.target_groups.list_all())
    @rule(
        group=NUMBERS,
        machine=NUMBERS,
        port=st.sampled_from([None, 80, 8080]),
        verb=st.sampled_from(["register", "register", "deregister"]),
    )
    def change_members(self, group: int, machine: int, port: int | None, verb: str) -> None:
        refs = [TargetRef(self._a_machine(machine).id, port)]
        with suppress(MiniCloudError):
            self._finish(getattr(self.cloud.target_groups, verb)(self._a_group(group).id, refs))

    @precondition(lambda self: self._machines() and self.cloud.target_groups.list_all())
    @rule(group=NUMBERS, machine=NUMBERS, verb=st.sampled_from(["stop", "terminate", "reboot"]))
    def deregister_while_it_goes(self, group: int, machine: int, verb: str) -> None:
        leaving = self._a_machine(machine).id
        asked: list[Operation] = []
        with suppress(MiniCloudError):
            refs = [TargetRef(leaving)]
            asked += self.cloud.target_groups.deregister(self._a_group(group).id, refs)
        with suppress(MiniCloudError):
            asked += getattr(self.cloud.instances, verb)(leaving)
        with suppress(MiniCloudError):
            asked += self.cloud.target_groups.register(self._a_group(group).id, refs)
        self._finish(asked)

    @rule(counts=st.lists(st.integers(0, 3), min_size=1, max_size=3))
    def carry(self, counts: list[int]) -> None:
        """Let every target have something in flight, and finish it after a few looks."""
        for target in invariants.records_of(self.cloud).targets:
            self.cloud.plane.carry(target.id, *counts, 0)

    @precondition(lambda self: self.cloud.balancers.list_all())
    @rule(number=NUMBERS)
    def delete_balancer(self, number: int) -> None:
        balancers = self.cloud.balancers.list_all()
        with suppress(MiniCloudError):
            self._finish(self.cloud.balancers.delete(balancers[number % len(balancers)].id))

    @precondition(lambda self: self.cloud.target_groups.list_all())
    @rule(number=NUMBERS)
    def delete_group(self, number: int) -> None:
        with suppress(MiniCloudError):
            self.cloud.target_groups.delete(self._a_group(number).id)

    @precondition(lambda self: self.cloud.balancers.list_all())
    @rule(number=NUMBERS, harm=st.sampled_from(["kill", "lose", "mislead"]))
    def harm_a_balancer(self, number: int, harm: str) -> None:
        balancers = self.cloud.balancers.list_all()
        getattr(self.cloud.plane, harm)(balancers[number % len(balancers)].container_name)
        self.cloud.keeper.keep_once()

    @rule(lost=st.booleans())
    def restart(self, lost: bool) -> None:
        if lost:
            self.cloud.edge.lose()
        self.cloud.restart()
        self.cloud.infrastructure.mend()

    @rule(moment=st.sampled_from(MOMENTS))
    def let_the_next_fail(self, moment: Moment) -> None:
        if moment.step not in _NO_RETURN:
            self.cloud.fail_at(moment, BROKEN)

    @invariant()
    def all_is_true(self) -> None:
        invariants.check(self.cloud)


_NO_RETURN = {
    step for s in SCENARIOS for step in s.definition.step_names if step not in s.undoable_steps
}
TestAnyCloud = AnyCloud.TestCase
TestAnyCloud.settings = settings(max_examples=15, stateful_step_count=20)
