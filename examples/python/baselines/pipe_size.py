"""The size of a pipe: see fcntl(2)."""

import fcntl

#: The module names them only since Python 3.10.
F_SETPIPE_SZ, F_GETPIPE_SZ = 1031, 1032


def grow_pipe(fd, wanted):
    """Asks for a larger pipe, for half as much where that is refused, and so on; gives
    what was got."""
    while wanted >= 4096:
        try:
            fcntl.fcntl(fd, F_SETPIPE_SZ, wanted)
            break
        except OSError:
            wanted //= 2
    return fcntl.fcntl(fd, F_GETPIPE_SZ)
