"""The composition root: settings in, a running gateway out.

Here the parts are made and handed to each other; what they are made of is named in installed.py.
"""

from cursor_api.bootstrap.credential_desk import Resealed, copy_credentials, reseal_credentials
from cursor_api.bootstrap.gateway import Gateway, Operator, build_gateway, open_credentials
from cursor_api.bootstrap.key_desk import copy_keys, open_keys
from cursor_api.bootstrap.servers import look_at_servers, warn_of_room
from cursor_api.bootstrap.stores import (
    Stores,
    file_options,
    file_stores,
    make_checksum,
    memory_stores,
)

__all__ = [
    "Gateway",
    "Operator",
    "Resealed",
    "Stores",
    "build_gateway",
    "copy_credentials",
    "copy_keys",
    "file_options",
    "file_stores",
    "look_at_servers",
    "make_checksum",
    "memory_stores",
    "open_credentials",
    "open_keys",
    "reseal_credentials",
    "warn_of_room",
]
