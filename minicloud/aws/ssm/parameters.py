"""GetParameter and GetParameters: the public aliases of Linux images.

Each names the image that minicloud ships for a plain machine, ``base``: the aliases of Amazon
Linux, Debian and Ubuntu alike, since a script that asks for one wants a machine with a shell and a
package manager. Names: the Systems Manager user guide ("Calling AMI public parameters"), Debian's
and Ubuntu's own pages. Aliases of other processors are unknown here: there is no image of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minicloud.aws.backend import AwsBackend
from minicloud.aws.failures import AwsFailure
from minicloud.aws.operation import Operation, Shape
from minicloud.domain.arn import Arn
from minicloud.domain.image import Image, ImageState

if TYPE_CHECKING:
    from types_boto3_ssm.type_defs import GetParameterRequestTypeDef, GetParametersRequestTypeDef

_RECIPE = "base"
_ALIAS = re.compile(
    r"/aws/service/(?:"
    r"ami-amazon-linux-latest/(?:al2023-ami-(?:minimal-)?kernel-(?:default|[0-9.]+)-x86_64"
    r"|amzn2-ami-(?:kernel-[0-9.]+-|minimal-)?hvm-x86_64-(?:gp2|ebs)"
    r"|amzn-ami-(?:minimal-)?hvm-x86_64-(?:gp2|ebs|s3))"
    r"|debian/(?:release|daily)/[0-9]+(?:-backports)?/latest/amd64"
    r"|canonical/ubuntu/server(?:-minimal)?/[a-z0-9.]+/stable/current/amd64/hvm/ebs-gp[23]/ami-id"
    r")"
)
_VERSION = 1


def get_parameter(backend: AwsBackend, request: GetParameterRequestTypeDef) -> Shape:
    """The image of one alias; ``ParameterNotFound`` for any other name, or before it is built."""
    name, image = request["Name"], _shipped(backend)
    if image is None or not _ALIAS.fullmatch(name):
        why = " The image is not built yet: minicloud image build." if image is None else ""
        raise AwsFailure("ParameterNotFound", f"The parameter {name} was not found.{why}")
    return {"Parameter": _parameter(name, image, backend.region.name)}


def get_parameters(backend: AwsBackend, request: GetParametersRequestTypeDef) -> Shape:
    """The images of several aliases; other names are told apart."""
    image, region = _shipped(backend), backend.region.name
    names = list(dict.fromkeys(request["Names"]))
    found = [n for n in names if image is not None and _ALIAS.fullmatch(n)]
    return {
        "Parameters": [_parameter(n, image, region) for n in found if image is not None],
        "InvalidParameters": [n for n in names if n not in found],
    }


def _shipped(backend: AwsBackend) -> Image | None:
    """The newest of the images that the recipe has made."""
    with backend.store.read() as transaction:
        images = transaction.images.all()
    made = [i for i in images if i.recipe == _RECIPE and i.state is ImageState.AVAILABLE]
    return made[-1] if made else None


def _parameter(name: str, image: Image, region: str) -> Shape:
    # Public parameters belong to no account.
    arn = Arn("ssm", region, f"parameter{name}", account="")
    return {
        "Name": name,
        "Type": "String",
        "Value": image.id,
        "Version": _VERSION,
        "LastModifiedDate": image.created_at,
        "ARN": str(arn),
        "DataType": "text",
    }


# Nothing here is secret, so there is nothing to decrypt either way.
_DECRYPTION = {"WithDecryption": "either: nothing is encrypted"}
OPERATIONS = (
    Operation("GetParameter", get_parameter, frozenset({"Name"}), _DECRYPTION),
    Operation("GetParameters", get_parameters, frozenset({"Names"}), _DECRYPTION),
)
