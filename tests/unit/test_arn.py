"""ARNs, both ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from minicloud.domain import arn
from minicloud.domain.action import FixedResponseAction
from minicloud.domain.arn import Arn, id_of, kind_of, parse_arn
from minicloud.domain.balancer import Balancer, BalancerState, BalancerType
from minicloud.domain.certificate import Certificate
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ids import IdKind
from minicloud.domain.listener import Listener, ListenerProtocol
from minicloud.domain.rule import PathCondition, Rule
from minicloud.domain.target_group import GroupProtocol, TargetGroup

AT = datetime(2026, 11, 25, tzinfo=UTC)
REGION = "ap-northeast-2"
HEX = [f"{number:017x}" for number in range(5)]


def _balancer(kind: BalancerType = BalancerType.APPLICATION) -> Balancer:
    return Balancer(
        id=f"lb-{HEX[0]}",
        name="front",
        type=kind,
        state=BalancerState.ACTIVE,
        private_ip="172.31.0.10",
        private_slot=0,
        public_ip="127.31.0.10",
        public_slot=0,
        container_name="c",
        created_at=AT,
    )


LISTENER = Listener(
    f"lsn-{HEX[1]}", f"lb-{HEX[0]}", 80, ListenerProtocol.HTTP, FixedResponseAction(), AT
)
RULE = Rule(f"rule-{HEX[2]}", LISTENER.id, 1, (PathCondition(("/",)),), FixedResponseAction(), AT)
GROUP = TargetGroup(f"tg-{HEX[3]}", "web", GroupProtocol.HTTP, 80, AT)
CERTIFICATE = Certificate(
    f"cert-{HEX[4]}", "shop", ("a.example",), "", "", AT, AT, issued_here=True, created_at=AT
)
PREFIX = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012"


@pytest.mark.parametrize(
    ("kind", "resource_id", "text"),
    [
        (
            IdKind.BALANCER,
            f"lb-{HEX[0]}",
            arn.balancer_arn(REGION, _balancer(BalancerType.NETWORK)),
        ),
        (IdKind.TARGET_GROUP, GROUP.id, arn.target_group_arn(REGION, GROUP)),
        (IdKind.LISTENER, LISTENER.id, arn.listener_arn(REGION, _balancer(), LISTENER)),
        (IdKind.RULE, RULE.id, arn.rule_arn(REGION, _balancer(), RULE)),
        (IdKind.CERTIFICATE, CERTIFICATE.id, arn.certificate_arn(REGION, CERTIFICATE)),
    ],
)
def test_an_arn_leads_back_to_its_resource(kind: IdKind, resource_id: str, text: str) -> None:
    assert id_of(kind, text, REGION) == resource_id
    assert kind_of(text) is (None if kind is IdKind.CERTIFICATE else kind)
    parsed = parse_arn(text)
    assert str(parsed) == text
    for other in set(IdKind) & {IdKind.BALANCER, IdKind.LISTENER, IdKind.CERTIFICATE} - {kind}:
        with pytest.raises(InvalidRequest, match="ValidationError"):
            id_of(other, text, REGION)


def test_arns_are_written_as_awss() -> None:
    assert arn.balancer_arn(REGION, _balancer()) == f"{PREFIX}:loadbalancer/app/front/{HEX[0]}"
    assert arn.target_group_arn(REGION, GROUP) == f"{PREFIX}:targetgroup/web/{HEX[3]}"
    listener = f"app/front/{HEX[0]}/{HEX[1]}"
    assert arn.listener_arn(REGION, _balancer(), LISTENER) == f"{PREFIX}:listener/{listener}"
    rule = f"{PREFIX}:listener-rule/{listener}"
    assert arn.rule_arn(REGION, _balancer(), RULE) == f"{rule}/{HEX[2]}"
    assert arn.default_rule_arn(REGION, _balancer(), LISTENER) == f"{rule}/{HEX[1]}"
    certificate = f"arn:aws:acm:{REGION}:123456789012:certificate/{HEX[4]}"
    assert arn.certificate_arn(REGION, CERTIFICATE) == certificate


SOUND = f"{PREFIX}:loadbalancer/app/front/{HEX[0]}"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: "front",
        lambda text: text.replace("123456789012", "210987654321"),
        lambda text: text.replace("ap-northeast-2", "us-east-1"),
        lambda text: text.replace("elasticloadbalancing", "ec2"),
        lambda text: text.replace("/app/", "/gwy/"),
        lambda text: text.replace("arn:aws:", "arn:aws-cn:"),
        lambda text: text + "/0",
        lambda text: text + "\n",
        lambda text: text[:-1] + "g",
        lambda text: text + "0" * 3000,
    ],
)
def test_what_is_no_such_arn_is_refused(change: Callable[[str], str]) -> None:
    assert id_of(IdKind.BALANCER, SOUND, REGION) == f"lb-{HEX[0]}"
    with pytest.raises(InvalidRequest) as caught:
        id_of(IdKind.BALANCER, change(SOUND), REGION)
    assert caught.value.code == "ValidationError"
    assert "is not a valid load balancer ARN" in caught.value.message


def test_any_arn_has_its_parts() -> None:
    user = parse_arn("arn:aws:iam::123456789012:user/minicloud")
    assert user == Arn("iam", "", "user/minicloud")
    assert kind_of(str(user)) is None
