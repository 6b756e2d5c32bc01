"""``minicloud env``: what AWS's own clients need to reach the cloud, for a shell or a profile."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minicloud.cli.session import Session, pass_session
from minicloud.cli.text import note, visible
from minicloud.domain.errors import Unavailable

if TYPE_CHECKING:
    from minicloud.client.shapes import AwsAccessShape

# A profile or a session of the person's own would win over what is exported.
_IN_THE_WAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_NAMES = (
    "AWS_ENDPOINT_URL",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_EC2_METADATA_DISABLED",
)


@click.command()
@click.option(
    "--shell",
    type=click.Choice(["sh", "fish", "powershell"]),
    default="sh",
    show_default=True,
    help="The shell that reads it: sh is for bash and zsh, too.",
)
@click.option("--profile", metavar="NAME", help="Write it as an AWS profile instead.")
@click.option("--unset", is_flag=True, help="Take the variables, or the profile, away again.")
@pass_session
def env(session: Session, /, shell: str, profile: str | None, unset: bool) -> None:
    """Let AWS's own clients reach the cloud: its endpoint, its region and its keys.

    What it prints is for a shell's eval: the AWS CLI, boto3, Terraform and other clients that are
    started from that shell then work against this cloud. The secret key is printed, too; it is
    good for this cloud alone.

    With --profile nothing is printed for a shell: the profile NAME is written into the files of
    the AWS CLI (~/.aws/config and credentials, or what AWS_CONFIG_FILE and
    AWS_SHARED_CREDENTIALS_FILE name), and all else in them is left as it is.

    \b
    Examples:
      eval "$(minicloud env)"               # then: aws ec2 describe-instances
      minicloud env --shell fish | source
      minicloud env --profile minicloud     # then: aws --profile minicloud sts ...
      eval "$(minicloud env --unset)"
    """
    if profile is not None:
        _change_profile(session, profile, unset=unset)
        return
    if unset:
        _print_lines(_unset_lines(shell, (*_NAMES,)))
        return
    variables = _variables(_access(session))
    _print_lines([*_unset_lines(shell, _IN_THE_WAY), *_export_lines(shell, variables)])


def _access(session: Session) -> tuple[str, AwsAccessShape]:
    found = session.client.cloud.aws_access()
    if found["url"] is None:
        error = found["error"] or {"code": "", "message": "", "resolution": ""}
        raise Unavailable(error["code"], error["message"], error["resolution"])
    return found["url"], found


def _variables(access: tuple[str, AwsAccessShape]) -> dict[str, str]:
    url, found = access
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": found["region"],
        "AWS_DEFAULT_REGION": found["region"],
        "AWS_ACCESS_KEY_ID": found["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": found["secret_access_key"],
        # Else some clients wait for a metadata service that is not there.
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _export_lines(shell: str, variables: Mapping[str, str]) -> list[str]:
    if shell == "fish":
        return [f"set -gx {name} {_fish_quoted(value)};" for name, value in variables.items()]
    if shell == "powershell":
        return [f"$Env:{n} = '{v.replace(chr(39), chr(39) * 2)}'" for n, v in variables.items()]
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def _fish_quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _unset_lines(shell: str, names: tuple[str, ...]) -> list[str]:
    if shell == "fish":
        return [f"set -e {name};" for name in names]
    if shell == "powershell":
        return [f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in names]
    return [f"unset {' '.join(names)}"]


def _change_profile(session: Session, name: str, *, unset: bool) -> None:
    from minicloud.cli.aws_profile import AwsFiles, require_profile_name

    require_profile_name(name)
    files = AwsFiles.of(os.environ, Path.home())
    if unset:
        changed = files.remove(name)
        said = "taken out of" if changed else "was not in"
        note(f"profile {visible(name)} {said} {files}")
        return
    url, found = _access(session)
    files.write(
        name,
        {"region": found["region"], "endpoint_url": url},
        {
            "aws_access_key_id": found["access_key_id"],
            "aws_secret_access_key": found["secret_access_key"],
        },
    )
    note(f"profile {visible(name)} written to {files}; use it: aws --profile {visible(name)} ...")


def _print_lines(lines: list[str]) -> None:
    click.echo("\n".join(lines))
