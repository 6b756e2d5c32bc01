"""What pip alone does not install of the clients: ``python -m tests.clients.install``.

Ansible's collections come in the package ``ansible``, which unpacks to half a gigabyte: the two
of AWS are taken out of it, and the core that it names is installed. Where there is npm,
JavaScript's SDK is installed beside them. Run by the interpreter that is to have them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tempfile
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

COLLECTIONS = ("ansible_collections/amazon/aws/", "ansible_collections/community/aws/")
SDK_PACKAGES = (
    "@aws-sdk/client-ec2@3",
    "@aws-sdk/client-elastic-load-balancing-v2@3",
    "@aws-sdk/client-sts@3",
)
_PIP = (sys.executable, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check")


def install_ansible(site_packages: Path) -> None:
    """Ansible's core, and its collections of AWS where ``ansible`` itself would have put them."""
    with tempfile.TemporaryDirectory(prefix="mc-ansible-") as folder:
        subprocess.run([*_PIP, "download", "--no-deps", "--dest", folder, "ansible"], check=True)
        (wheel,) = Path(folder).glob("ansible-*.whl")
        with ZipFile(wheel) as archive:
            names = archive.namelist()
            metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
            parsed = HeaderParser().parsestr(archive.read(metadata).decode())
            needed = parsed.get_all("Requires-Dist") or []
            archive.extractall(site_packages, [n for n in names if n.startswith(COLLECTIONS)])
    core = [requirement for requirement in needed if requirement.startswith("ansible-core")]
    quiet = ("--root-user-action", "ignore")
    subprocess.run([*_PIP, "install", *quiet, *core], check=True)


def install_javascript(prefix: Path) -> None:
    """JavaScript's SDK into ``node_modules`` of the folder, where the machine has npm."""
    npm = shutil.which("npm")
    if npm is None:
        print("no npm here: JavaScript's SDK is left out")
        return
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix"]
    subprocess.run([*command, str(prefix), *SDK_PACKAGES], check=True)


if __name__ == "__main__":
    install_ansible(Path(sysconfig.get_path("purelib")))
    install_javascript(Path(sys.prefix))
