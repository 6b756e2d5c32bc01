"""``minicloud certificate``: what HTTPS listeners show, and the authority behind it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import click

from minicloud.cli.completion import complete_certificate
from minicloud.cli.instance import tag_lines
from minicloud.cli.lazy import LazyGroup
from minicloud.cli.options import tag_option
from minicloud.cli.output import Details, Output, View, with_output
from minicloud.cli.session import Session, pass_session
from minicloud.cli.table import Column
from minicloud.cli.text import note, time_text, visible
from minicloud.cli.waiting import Errand

if TYPE_CHECKING:
    from minicloud.client.balancer_shapes import CertificateShape

_SHORT = 8
_FILE_BYTES_MAX = 256 * 1024


@click.group(
    cls=LazyGroup,
    lazy={
        "create": "minicloud.cli.certificate:create",
        "import": "minicloud.cli.certificate:import_",
        "list": "minicloud.cli.certificate:list_all",
        "show": "minicloud.cli.certificate:show",
        "delete": "minicloud.cli.certificate:delete",
        "authority": "minicloud.cli.certificate:authority",
    },
)
def certificate() -> None:
    """Certificates of HTTPS listeners: made here, or your own."""


def _issuer(found: CertificateShape) -> str:
    return "this cloud" if found["issued_here"] else "given"


def _details(found: CertificateShape) -> Details:
    return {
        "Name": visible(found["name"]),
        "Id": found["id"],
        "ARN": found["arn"],
        "Domains": [visible(domain) for domain in found["domains"]],
        "Issued by": _issuer(found),
        "Valid from": time_text(found["not_before"]),
        "Valid until": time_text(found["not_after"]),
        "Created": time_text(found["created_at"]),
        "Tags": tag_lines(found["tags"]),
    }


VIEW = View(
    "id",
    (
        Column("NAME", lambda c: c["name"], shrinks_to=_SHORT),
        Column("ID", lambda c: c["id"]),
        Column("DOMAINS", lambda c: ", ".join(c["domains"]), shrinks_to=_SHORT),
        Column("VALID-UNTIL", lambda c: c["not_after"][:10]),
        Column("ISSUED-BY", _issuer, drops_at=1),
    ),
    _details,
)


@click.command("list")
@with_output
@pass_session
def list_all(session: Session, output: Output) -> None:
    """List certificates.

    \b
    Examples:
      minicloud certificate list
      minicloud certificate list --query "[?issued_here].domains[]"
    """
    found = session.client.certificates.list()
    output.show_list(found, VIEW)
    if not found and output.is_table and sys.stderr.isatty():
        note("no certificates; make one: minicloud certificate create NAME --domain shop.example")


@click.command()
@click.argument("ref", metavar="CERTIFICATE", shell_complete=complete_certificate)
@with_output
@pass_session
def show(session: Session, output: Output, ref: str) -> None:
    """Show all that is known of a certificate. Its key is never shown.

    \b
    Examples:
      minicloud certificate show shop
      minicloud certificate show shop -o json --query chain_pem
    """
    output.show_one(session.client.certificates.show(ref), VIEW)


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    required=True,
    metavar="DOMAIN",
    help="As shop.example, *.shop.example or an IPv4 address; repeatable.",
)
@click.option("--days", type=int, metavar="N", help="How long it is valid; 397.")
@tag_option
@with_output
@pass_session
def create(
    session: Session,
    output: Output,
    name: str,
    domains: Sequence[str],
    days: int | None,
    tags: dict[str, str],
) -> None:
    """Make a certificate, signed by this cloud's own authority.

    Clients that trust the authority (minicloud certificate authority) trust it, too.

    \b
    Examples:
      minicloud certificate create shop --domain shop.example
      minicloud certificate create local --domain localhost --domain 127.31.0.12
    """
    certificates = session.client.certificates
    made = certificates.create(name, domains, validity_days=days, tags=tags)
    output.show_list([made], VIEW)


@click.command("import")
@click.argument("name", metavar="NAME")
@click.option(
    "--chain",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="PEM: the certificate first, then what signed it.",
)
@click.option(
    "--key", type=click.File("rb"), required=True, metavar="FILE", help="PEM: its private key."
)
@tag_option
@with_output
@pass_session
def import_(
    session: Session,
    output: Output,
    name: str,
    chain: BinaryIO,
    key: BinaryIO,
    tags: dict[str, str],
) -> None:
    """Bring a certificate of your own, with its key. A FILE of - is standard input.

    \b
    Examples:
      minicloud certificate import shop --chain fullchain.pem --key privkey.pem
    """
    chain_pem, key_pem = _pem("--chain", chain), _pem("--key", key)
    made = session.client.certificates.import_(name, chain_pem, key_pem, tags=tags)
    output.show_list([made], VIEW)


@click.command()
@click.argument(
    "refs", metavar="CERTIFICATE...", nargs=-1, required=True, shell_complete=complete_certificate
)
@with_output
@pass_session
def delete(session: Session, output: Output, refs: Sequence[str]) -> None:
    """Delete certificates; refused while a listener needs one.

    \b
    Examples:
      minicloud certificate delete shop
    """
    certificates = session.client.certificates
    errand = Errand(session, output, wait=True)
    errand.for_each(refs, certificates.show, certificates.delete, VIEW, gone="deleted")


@click.command()
@with_output
@pass_session
def authority(session: Session, output: Output) -> None:
    """Print what clients need to trust this cloud.

    It is the certificate (PEM) of the authority that signs what `certificate create` makes.

    \b
    Examples:
      minicloud certificate authority > minicloud.pem
      curl --cacert minicloud.pem --resolve shop.example:443:127.31.0.12 \\
        https://shop.example/
    """
    pem = session.client.certificates.authority()
    if not output.is_table and not output.is_quiet:
        output.show_one({"chain_pem": pem}, VIEW)
        return
    click.echo(pem.rstrip("\n"))
    if output.is_table and sys.stderr.isatty():
        click.echo(_TRUST, err=True)


_TRUST = """
To trust what it has signed, keep it:
  minicloud certificate authority > minicloud.pem
For one client:
  curl --cacert minicloud.pem https://…
For all of a Debian or Ubuntu:
  sudo install -m 644 minicloud.pem /usr/local/share/ca-certificates/minicloud.crt
  sudo update-ca-certificates
For all of a Mac:
  sudo security add-trusted-cert -d -k /Library/Keychains/System.keychain minicloud.pem
Firefox has a store of its own: Settings, search for certificates, Authorities, Import."""


def _pem(option: str, file: BinaryIO) -> str:
    data = file.read(_FILE_BYTES_MAX + 1)
    if len(data) > _FILE_BYTES_MAX:
        raise click.UsageError(f"{option}: the file has more than {_FILE_BYTES_MAX // 1024} KiB")
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{option}: the file is not PEM, which is plain text") from error
