"""Runs a command and writes its exit code, seconds of CPU and KiB of memory to a file. A process of its own, since a child's memory is
counted from what its parent had.

Usage: measure.py FILE COMMAND…
"""
import os
import sys

pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=file)
