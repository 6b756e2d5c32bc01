"""Every operation there is. A journal names them by kind, so a kind is never given up lightly."""

from __future__ import annotations

from minicloud.operations.allocate_address import ALLOCATE_ADDRESS
from minicloud.operations.associate_address import ASSOCIATE_ADDRESS
from minicloud.operations.build_images import BUILD_IMAGES
from minicloud.operations.configure_balancer import CONFIGURE_BALANCER
from minicloud.operations.copy_image import COPY_IMAGE
from minicloud.operations.create_balancer import CREATE_BALANCER
from minicloud.operations.create_image import CREATE_IMAGE
from minicloud.operations.definition import Definition
from minicloud.operations.delete_balancer import DELETE_BALANCER
from minicloud.operations.delete_image import DELETE_IMAGE
from minicloud.operations.deregister_targets import DEREGISTER_TARGETS
from minicloud.operations.disassociate_address import DISASSOCIATE_ADDRESS
from minicloud.operations.launch_instance import LAUNCH_INSTANCE
from minicloud.operations.reboot_instance import REBOOT_INSTANCE
from minicloud.operations.register_targets import REGISTER_TARGETS
from minicloud.operations.release_address import RELEASE_ADDRESS
from minicloud.operations.reset_cloud import RESET_CLOUD
from minicloud.operations.resize_instance import RESIZE_INSTANCE
from minicloud.operations.scale_up import SCALE_UP
from minicloud.operations.start_instance import START_INSTANCE
from minicloud.operations.stop_instance import STOP_INSTANCE
from minicloud.operations.terminate_instance import TERMINATE_INSTANCE

DEFINITIONS: tuple[Definition, ...] = (
    LAUNCH_INSTANCE,
    START_INSTANCE,
    STOP_INSTANCE,
    REBOOT_INSTANCE,
    RESIZE_INSTANCE,
    TERMINATE_INSTANCE,
    BUILD_IMAGES,
    CREATE_IMAGE,
    COPY_IMAGE,
    DELETE_IMAGE,
    ALLOCATE_ADDRESS,
    ASSOCIATE_ADDRESS,
    DISASSOCIATE_ADDRESS,
    RELEASE_ADDRESS,
    SCALE_UP,
    CREATE_BALANCER,
    DELETE_BALANCER,
    CONFIGURE_BALANCER,
    REGISTER_TARGETS,
    DEREGISTER_TARGETS,
    RESET_CLOUD,
)
