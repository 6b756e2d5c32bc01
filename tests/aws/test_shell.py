"""A person's shell: the AWS CLI after ``eval "$(minicloud env)"``, profiles, and wrong keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.aws.account import Account, refused

_STORIES = Path(__file__).parent / "stories"


@pytest.mark.parametrize("story", ["scale_up", "balance"])
def test_a_shell_script_of_aws_commands_works_as_it_stands(account: Account, story: str) -> None:
    told = account.ok("sh", "-eu", str(_STORIES / f"{story}.sh"))
    assert told.splitlines()[-1] == "done", told
    assert account.aws("ec2", "describe-addresses") == {"Addresses": []}
    assert account.live.json("instance", "list") == []


def test_a_profile_is_enough_for_the_cli_and_for_boto3(account: Account) -> None:
    account.live.home.joinpath("aws").mkdir(exist_ok=True)
    account.ok("minicloud", "env", "--profile", "local")
    kept = ("PATH", "MINICLOUD_HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    bare = Account(account.live, {k: v for k, v in account.environment.items() if k in kept})
    told = bare.aws("sts", "get-caller-identity", "--profile", "local")
    assert told["Account"] == "123456789012"
    regions = bare.client("ec2", profile_name="local").describe_regions()["Regions"]
    assert account.environment["AWS_REGION"] in [region["RegionName"] for region in regions]
    account.ok("minicloud", "env", "--profile", "local", "--unset")
    gone = bare.run("aws", "sts", "get-caller-identity", "--profile", "local")
    assert gone.returncode != 0
    assert "local" in gone.stderr


def test_wrong_keys_are_refused_whatever_is_asked(account: Account) -> None:
    wrong = {**account.environment, "AWS_SECRET_ACCESS_KEY": "x" * 40}
    stranger = {**account.environment, "AWS_ACCESS_KEY_ID": "AKIA" + "2" * 16}
    for service, call, unknown in (
        ("ec2", "describe_instances", "AuthFailure"),
        ("elbv2", "describe_load_balancers", "InvalidClientTokenId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ):
        for environment, code in ((wrong, "SignatureDoesNotMatch"), (stranger, unknown)):
            with refused(code):
                getattr(Account(account.live, environment).client(service), call)()
    told = Account(account.live, wrong).run("aws", "ec2", "describe-instances")
    assert "SignatureDoesNotMatch" in told.stderr
    assert told.returncode != 0
