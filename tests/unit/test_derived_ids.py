"""Identifiers that follow from others: of AWS's form, both ways, and each its own."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import astuple

from hypothesis import given
from hypothesis import strategies as st

from minicloud.domain.derived_ids import (
    cloud_ids,
    image_of,
    instance_of,
    interface_attachment_id,
    interface_id,
    snapshot_id,
    volume_id,
)

DIGITS = st.text("0123456789abcdef", min_size=17, max_size=17)
FORM = re.compile(r"[a-z]+(-[a-z]+)*-[0-9a-f]{17}")


@given(DIGITS)
def test_what_belongs_to_a_machine_or_image_leads_back_to_it(digits: str) -> None:
    instance_id, image_id = f"i-{digits}", f"ami-{digits}"
    for derived in (interface_id, interface_attachment_id, volume_id):
        assert FORM.fullmatch(derived(instance_id))
        assert instance_of(derived(instance_id)) == instance_id
    assert image_of(snapshot_id(image_id)) == image_id


@given(DIGITS, DIGITS)
def test_no_two_of_a_network_and_no_two_networks_share_an_identifier(one: str, two: str) -> None:
    found = Counter(each for digits in {one, two} for each in astuple(cloud_ids(f"cloud-{digits}")))
    assert all(FORM.fullmatch(each) for each in found)
    assert max(found.values()) == 1


def test_they_never_change() -> None:
    ids = cloud_ids("cloud-0123456789abcdef0")
    assert ids.vpc == "vpc-0123456789abcdef0"
    assert (ids.ingress_rule, ids.egress_rule) == ("sgr-149e1168dce90fb95", "sgr-d70b9168cae7f6931")
