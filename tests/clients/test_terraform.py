"""Terraform, where this machine has it and its AWS provider: neither is ever fetched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.aws.account import Account

_PLAN = Path(__file__).parent / "terraform" / "main.tf"
# Where Terraform itself looks, and where packages and images put providers.
_MIRRORS = (
    Path.home() / ".terraform.d/plugins",
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
    Path("/opt/tf-plugins"),
)
_PROVIDER = "registry.terraform.io/hashicorp/aws"
_MIRROR = next((folder for folder in _MIRRORS if folder.joinpath(_PROVIDER).is_dir()), None)


@pytest.fixture
def terraform(account: Account, tmp_path: Path) -> Account:
    """The account, in whose shell Terraform has the plan and takes its provider from here alone."""
    settings = (
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{_MIRROR}"\n  }}\n}}\n'
    )
    tmp_path.joinpath("rc").write_text(settings)
    shutil.copy(_PLAN, tmp_path)
    own = {
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(tmp_path / "rc"),
        "TF_IN_AUTOMATION": "1",
        "TF_CLI_ARGS": "-no-color",
        "TF_DATA_DIR": str(tmp_path / "data"),
    }
    return Account(account.live, {**account.environment, **own})


@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not on this machine")
@pytest.mark.skipif(_MIRROR is None, reason="its AWS provider is not on this machine")
def test_a_plan_applies_is_empty_then_changes_a_type_and_destroys(
    terraform: Account, tmp_path: Path
) -> None:
    def run(*words: str) -> str:
        return terraform.ok("terraform", f"-chdir={tmp_path}", *words)

    run("init", "-input=false")
    run("apply", "-auto-approve", "-input=false")
    told = json.loads(run("output", "-json"))
    page = terraform.live.page
    assert "Hello" in page(f"http://{told['balancer']['value']}/")
    assert "Hello" in page(f"http://{told['address']['value']}/")
    # Exit code 2 would say that the plan has changes.
    run("plan", "-detailed-exitcode", "-input=false")

    run("apply", "-auto-approve", "-input=false", "-var", "type=t3.small")
    types = {m["name"]: m["type"] for m in terraform.live.json("instance", "list")}
    assert types == {"web-0": "t3.nano", "web-1": "t3.nano", "big": "t3.small"}
    assert "Hello" in page(f"http://{told['address']['value']}/")
    run("plan", "-detailed-exitcode", "-input=false", "-var", "type=t3.small")

    run("destroy", "-auto-approve", "-input=false")
    for noun in ("instance", "address", "balancer", "target-group"):
        assert terraform.live.json(noun, "list") == []
    assert {image["recipe"] for image in terraform.live.json("image", "list")} == {"base", "web"}
