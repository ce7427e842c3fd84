"""SHA-256 of bytes and of files: `sha256sum` prints the same digests.

`_hashlib` is the C module that `hashlib` wraps; going to it directly spares the import of three more.
"""

import os
from errno import EINVAL
from stat import S_ISREG

try:
    from _hashlib import openssl_sha256 as _sha256
except ImportError:
    from hashlib import sha256 as _sha256

FOLLOW_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""How input is opened: a pipe does not block."""

OPEN_FLAGS = FOLLOW_FLAGS | getattr(os, "O_NOFOLLOW", 0)
"""How output is opened to be read: besides, a link is refused."""

_CHUNK = 1 << 16


def digest(data: bytes) -> str:
    """Digest bytes: 64 hexadecimal digits.

    >>> digest(b"")[:16]
    'e3b0c44298fc1c14'
    """
    return _sha256(data).hexdigest()


def read_bytes(path: str, flags: int = OPEN_FLAGS) -> bytes:
    """Read a whole file; whatever cannot be read raises OSError, and so does a link unless the flags follow it."""
    descriptor = os.open(path, flags)
    try:
        data = os.read(descriptor, _CHUNK)
        if not 0 < len(data) < _CHUNK:
            if not S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(EINVAL, "no regular file")
            parts = [data]
            while part := os.read(descriptor, _CHUNK):
                parts.append(part)
            data = b"".join(parts)
    finally:
        os.close(descriptor)
    return data


def digest_file(path: str) -> str:
    """Digest a file; a link at its place raises OSError, as whatever else cannot be read."""
    return _sha256(read_bytes(path)).hexdigest()
