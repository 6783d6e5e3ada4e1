"""A data directory that becomes read-only while the server runs: writes are refused with 503, reads go on, and where the
system lets it be written again the server does so by itself.

Three ways: every file and directory is made immutable (chattr +i, which stops writing to open files too) and mutable again;
ext4 puts itself into read-only mode after an error, which only a new mount ends; and the permission to write into the
directories is taken from a server that is not root: it cannot be started again until it is given back. Needs to be root.
Usage: tests/torture/run read_only [--quick]
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

from place import Mounted, Writer, arguments, settled
from served import Verdict

DISK_BYTES = 48 << 20
NOBODY = 65534


def main():
    options = arguments("the same: it takes some seconds")
    if os.geteuid() != 0:
        sys.exit("run as root: files are made immutable and file systems mounted")
    verdict = Verdict()
    with Mounted("ext4", DISK_BYTES) as mounted:
        writer = begin(options.binary, mounted)
        print("-- immutable files")
        chattr("+i", mounted.path / "data")
        check_refused(verdict, writer, "Operation not permitted")
        chattr("-i", mounted.path / "data")
        check_resumed(verdict, writer)
        print("-- ext4 after an error")
        trigger = error_trigger(mounted)
        if trigger is None:
            print("     this kernel does not let ext4 report an error: left out")
        else:
            trigger.write_text("torture\n")
            check_refused(verdict, writer, "Read-only file system")
            writer.served.kill()
            check_does_not_start(verdict, writer)
            subprocess.run(["umount", str(mounted.path)], check=True)
            subprocess.run(["fsck.ext4", "-p", str(mounted.place / "image")], stdout=subprocess.DEVNULL)
            mounted.mount("loop", str(mounted.place / "image"))
            writer.start()
            check_resumed(verdict, writer)
        writer.end(verdict)
    with Mounted("tmpfs", DISK_BYTES) as mounted:
        print("-- directories without permission to write")
        for path in (mounted.place, mounted.path):
            path.chmod(0o777)
        binary = shutil.copy(options.binary, mounted.place / "indelible")
        writer = begin(binary, mounted, ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"])
        directories = [path for path in (mounted.path / "data").rglob("*") if path.is_dir()]
        [path.chmod(0o500) for path in directories]
        # What is open can be written still: that is what a permission means.
        verdict.check(writer.takes_events(), "the open file still takes events")
        writer.served.kill()
        check_does_not_start(verdict, writer)
        [path.chmod(0o700) for path in directories]
        writer.start()
        check_resumed(verdict, writer)
        writer.end(verdict)
    verdict.end()


def begin(binary, mounted, prefix=()):
    writer = Writer(binary, mounted, prefix)
    writer.start()
    for _ in range(3):
        if refusal := writer.record(500):
            sys.exit(f"it does not take events: {refusal}")
    return writer


def check_refused(verdict, writer, words):
    refusals = [writer.record(100) for _ in range(5)]
    verdict.check(all(refusal and refusal.is_proper() for refusal in refusals), f"events are refused: {refusals[0]}")
    verdict.check(not writer.is_ready(), f"it is not ready: {writer.readiness()[1].decode()}")
    halted = writer.status()["halted"] or ""
    verdict.check(words in halted, f"it says why: {halted}")
    writer.check_all(verdict)


def check_does_not_start(verdict, writer):
    refused = subprocess.run(writer.served.command, capture_output=True, text=True, timeout=60)
    says_why = refused.returncode == 1 and str(writer.served.data) in refused.stderr
    verdict.check(says_why, f"it does not start: {refused.stderr.strip()}")


def check_resumed(verdict, writer):
    verdict.check(settled(writer.takes_events), "it takes events again, by itself")
    verdict.check(settled(writer.is_ready), "and says that it is ready")
    writer.check_all(verdict)


def chattr(change, path):
    subprocess.run(["chattr", "-R", change, str(path)], check=True)


def error_trigger(mounted):
    """The file that makes the kernel find an error in the mounted file system."""
    device = os.stat(mounted.path).st_dev
    if device == os.stat(mounted.place).st_dev:
        sys.exit(f"{mounted.path} is not mounted")
    name = os.path.basename(os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"))
    trigger = pathlib.Path("/sys/fs/ext4") / name / "trigger_fs_error"
    with contextlib.suppress(OSError):
        if os.access(trigger, os.W_OK):
            return trigger
    return None


if __name__ == "__main__":
    main()
