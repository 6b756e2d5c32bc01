"""The records of load balancing at a moment, found by their ARNs, and the ARNs of what is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from minicloud.aws.backend import AwsBackend
from minicloud.aws.failures import AwsFailure
from minicloud.aws.whereabouts import Whereabouts
from minicloud.domain import arn
from minicloud.domain.balancer import Balancer, BalancerState
from minicloud.domain.certificate import Certificate
from minicloud.domain.derived_ids import CloudIds, cloud_ids
from minicloud.domain.ids import IdKind
from minicloud.domain.listener import Listener
from minicloud.domain.region import Region, region_named
from minicloud.domain.rule import Rule
from minicloud.domain.target_group import TargetGroup
from minicloud.operations import balancer_records
from minicloud.ports.store import Transaction

R = TypeVar("R")
_MISSING = {
    IdKind.BALANCER: ("LoadBalancerNotFound", "One or more load balancers not found"),
    IdKind.TARGET_GROUP: ("TargetGroupNotFound", "One or more target groups not found"),
    IdKind.LISTENER: ("ListenerNotFound", "One or more listeners not found"),
    IdKind.RULE: ("RuleNotFound", "One or more rules not found"),
}


@dataclass(frozen=True)
class Records:
    """What there is; mappings are by identifier, oldest first.

    A balancer that is being taken away is none any more, as on AWS, nor is what hangs on it.
    """

    region: Region
    ids: CloudIds
    whereabouts: Whereabouts
    balancers: Mapping[str, Balancer]
    groups: Mapping[str, TargetGroup]
    listeners: Mapping[str, Listener]
    rules: Mapping[str, Rule]
    certificates: Mapping[str, Certificate]
    user_of: Mapping[str, str]

    @classmethod
    def of(cls, backend: AwsBackend) -> Records:
        """What there is now."""
        with backend.store.read() as transaction:
            return cls._of(transaction)

    @classmethod
    def _of(cls, transaction: Transaction) -> Records:
        balancers = {
            balancer.id: balancer
            for balancer in transaction.balancers.all()
            if balancer.state is not BalancerState.DELETING
        }
        listeners = {
            each.id: each for each in transaction.listeners.all() if each.balancer_id in balancers
        }
        cloud = transaction.cloud()
        return cls(
            region=region_named(transaction.settings().region),
            ids=cloud_ids(cloud.id),
            whereabouts=Whereabouts.of(cloud),
            balancers=balancers,
            groups={group.id: group for group in transaction.target_groups.all()},
            listeners=listeners,
            rules={r.id: r for r in transaction.rules.all() if r.listener_id in listeners},
            certificates={each.id: each for each in transaction.certificates.all()},
            user_of=balancer_records.groups_in_use(transaction),
        )

    # From an ARN to the record: ``ValidationError`` for what is no such ARN, ``…NotFound``.

    def balancer(self, text: str) -> Balancer:
        """The balancer of this ARN."""
        return self._named(IdKind.BALANCER, text, self.balancers, self.balancer_arn)

    def group(self, text: str) -> TargetGroup:
        """The target group of this ARN."""
        return self._named(IdKind.TARGET_GROUP, text, self.groups, self.group_arn)

    def listener(self, text: str) -> Listener:
        """The listener of this ARN."""
        return self._named(IdKind.LISTENER, text, self.listeners, self.listener_arn)

    def rule(self, text: str) -> Rule:
        """The rule of this ARN; a listener's default rule has no record."""
        return self._named(IdKind.RULE, text, self.rules, self.rule_arn)

    def listener_of_default_rule(self, text: str) -> Listener | None:
        """The listener whose default rule this ARN names, if it names one."""
        rule_id = arn.id_of(IdKind.RULE, text, self.region.name)
        listener = self.listeners.get(rule_id.replace(IdKind.RULE, IdKind.LISTENER, 1))
        if listener is None or self.default_rule_arn(listener) != text:
            return None
        return listener

    def certificate(self, text: str) -> Certificate:
        """The certificate of this ARN."""
        certificate_id = arn.id_of(IdKind.CERTIFICATE, text, self.region.name)
        if certificate_id not in self.certificates:
            raise AwsFailure("CertificateNotFound", f"Certificate '{text}' not found")
        return self.certificates[certificate_id]

    def _named(
        self, kind: IdKind, text: str, records: Mapping[str, R], arn_of: Callable[[R], str]
    ) -> R:
        record = records.get(arn.id_of(kind, text, self.region.name))
        if record is None or arn_of(record) != text:
            raise AwsFailure(*_MISSING[kind])
        return record

    # From a record to its ARN.

    def balancer_arn(self, balancer: Balancer) -> str:
        """The balancer's ARN."""
        return arn.balancer_arn(self.region.name, balancer)

    def group_arn(self, group: TargetGroup) -> str:
        """The target group's ARN."""
        return arn.target_group_arn(self.region.name, group)

    def listener_arn(self, listener: Listener) -> str:
        """The listener's ARN."""
        balancer = self.balancers[listener.balancer_id]
        return arn.listener_arn(self.region.name, balancer, listener)

    def rule_arn(self, rule: Rule) -> str:
        """The rule's ARN."""
        return arn.rule_arn(self.region.name, self._balancer_of(rule), rule)

    def default_rule_arn(self, listener: Listener) -> str:
        """The ARN of the listener's default rule."""
        balancer = self.balancers[listener.balancer_id]
        return arn.default_rule_arn(self.region.name, balancer, listener)

    def certificate_arn(self, certificate_id: str) -> str:
        """The certificate's ARN."""
        return arn.certificate_arn(self.region.name, self.certificates[certificate_id])

    # What belongs together.

    def listeners_of(self, balancer: Balancer) -> list[Listener]:
        """The balancer's listeners, by port."""
        own = [each for each in self.listeners.values() if each.balancer_id == balancer.id]
        return sorted(own, key=lambda listener: listener.port)

    def rules_of(self, listener: Listener) -> list[Rule]:
        """The listener's rules, the first to be tried first."""
        own = [rule for rule in self.rules.values() if rule.listener_id == listener.id]
        return sorted(own, key=lambda rule: rule.priority)

    def user(self, group: TargetGroup) -> Balancer | None:
        """The balancer that sends to the group."""
        return self.balancers.get(self.user_of.get(group.id, ""))

    def _balancer_of(self, rule: Rule) -> Balancer:
        return self.balancers[self.listeners[rule.listener_id].balancer_id]
