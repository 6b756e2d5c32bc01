"""Which of moto's files are run: those of the nouns that minicloud has."""

from __future__ import annotations

_EC2 = (
    "account_attributes",
    "amis",
    "availability_zones_and_regions",
    "elastic_block_store",
    "elastic_ip_addresses",
    "elastic_network_interfaces",
    "general",
    "instance_type_offerings",
    "instance_types",
    "instances",
    "internet_gateways",
    "key_pairs",
    "network_acls",
    "regions",
    "reserved_instances_offerings",
    "route_tables",
    "security_groups",
    "subnets",
    "tags",
    "vpcs",
)
_BALANCING = (
    "elbv2",
    "elbv2_listener_attributes",
    "elbv2_listener_rule_tags",
    "elbv2_listener_rules",
    "elbv2_listener_tags",
    "elbv2_set_subnets",
    "elbv2_target_groups",
    "elbv2_target_health",
)
FILES = (
    *(f"test_ec2/test_{name}.py" for name in _EC2),
    *(f"test_elbv2/test_{name}.py" for name in _BALANCING),
    "test_sts/test_sts.py",
    "test_ssm/test_ssm_default_amis.py",
)
"""Below moto's ``tests``."""
