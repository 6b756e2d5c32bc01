"""The pytest plugin, as a project that uses it sees it; on the simulated engine, without Docker."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# Where the package was installed before it had the plugin, pytest does not find it by itself.
_PLUGIN = (
    () if entry_points(group="pytest11", name="minicloud") else ("-p", "minicloud.pytest_plugin")
)

_STORY = """
    import os
    import boto3
    import pytest

    IDS = []

    @pytest.mark.parametrize("number", range({count}))
    def test_each_has_a_cloud_of_its_own(minicloud_cloud, number):
        ec2 = boto3.client("ec2")
        assert ec2.describe_instances()["Reservations"] == []
        assert minicloud_cloud.client.cloud.status()["settings"]["address_limit"] == 5
        minicloud_cloud.client.cloud.change_settings(address_limit=6)
        image = ec2.describe_images()["Images"][0]["ImageId"]
        ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
        assert len(minicloud_cloud.client.instances.list()) == 1
        assert os.environ["AWS_ENDPOINT_URL"] == minicloud_cloud.endpoint_url
        assert ec2.meta.region_name == minicloud_cloud.region
        assert minicloud_cloud.engine == "simulated"
        status = minicloud_cloud.client.cloud.status()["server"]
        with open({told!r}, "a") as told:
            told.write(f"{{status['pid']}} {{status['home']}}\\n")

    def test_the_environment_is_given_back():
        assert os.environ.get("AWS_PROFILE") == "mine"
        assert "AWS_ENDPOINT_URL" not in os.environ
"""


def _run(pytester: pytest.Pytester, *words: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*_PLUGIN, "-p", "no:cacheprovider", *words)


@pytest.mark.parametrize("words", [("-n", "0"), ("-n", "2")], ids=["alone", "xdist"])
def test_every_test_has_a_fresh_cloud_and_nothing_stays(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: tuple[str, str],
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("MINICLOUD_HOME", str(tmp_path / "not-this"))
    told = tmp_path / "told"
    pytester.makepyfile(_STORY.format(count=4, told=str(told)))
    _run(pytester, *words).assert_outcomes(passed=5)
    lines = [line.split() for line in told.read_text().splitlines()]
    assert len(lines) == 4
    for pid, home in lines:
        assert not Path(home).exists()
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
    assert not (tmp_path / "not-this").exists()


def test_the_engine_is_an_option_or_a_setting(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(minicloud_cloud): pass")
    pytester.makeini("[pytest]\nminicloud_engine = steam\n")
    _run(pytester, "-n", "0").assert_outcomes(errors=1)
    _run(pytester, "-n", "0", "--minicloud-engine", "simulated").assert_outcomes(passed=1)


def test_importing_it_imports_nothing_that_pytest_has_not() -> None:
    look = (
        "import sys, pytest; before = set(sys.modules); import minicloud.pytest_plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["minicloud", "minicloud.pytest_plugin"]
