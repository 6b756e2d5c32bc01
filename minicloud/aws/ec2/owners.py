"""Whose an image is: the account's own, or what came with minicloud, as Amazon's come with EC2."""

from __future__ import annotations

from minicloud.aws.operation import Shape
from minicloud.domain.arn import ACCOUNT_ID
from minicloud.domain.image import Image

SELF = "self"
AMAZON = "amazon"
# The account that Amazon Linux belongs to; scripts look for its images by this number, too.
AMAZON_ID = "137112412989"


def owner_shape(image: Image) -> Shape:
    """The owner, as an image's snapshot tells it."""
    if image.recipe is None:
        return {"OwnerId": ACCOUNT_ID}
    return {"OwnerId": AMAZON_ID, "OwnerAlias": AMAZON}
