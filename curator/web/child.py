"""Run a program with its standard input as controlling terminal: ``python -m curator.web.child PROGRAM...``.

Only a process's controlling terminal tells it of a new size (SIGWINCH) and of a lost connection (SIGHUP). The parent
has made this process the leader of a session (`start_new_session`); code between fork and exec, where the parent's
threads are gone, is no place to do the rest.
"""

from __future__ import annotations

import fcntl
import os
import sys
import termios

if __name__ == "__main__":
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.execv(sys.argv[1], sys.argv[1:])
