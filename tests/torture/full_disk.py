"""A disk that is full: writes are refused with 503, reads go on, and writes resume by themselves when there is room.

The data directory is on a small tmpfs beside a file that can be removed to make room. Events of several sizes are recorded until
no more fit; then room is made while the server runs. Then the same with a server that is killed while the disk is full and
started again on the full disk. At the end every acknowledged event is in the log once. Needs to be root, or user namespaces.
Usage: tests/torture/run full_disk [--quick]
"""

from place import Mounted, Writer, arguments, enter_namespace, settled
from served import Verdict

DISK_BYTES = 48 << 20
QUICK_DISK_BYTES = 12 << 20
FILLER_BYTES = 4 << 20


def main():
    options = arguments("a smaller disk")
    enter_namespace()
    verdict = Verdict()
    with Mounted("tmpfs", QUICK_DISK_BYTES if options.quick else DISK_BYTES) as mounted:
        writer = Writer(options.binary, mounted)
        filler, second, rest = (mounted.path / name for name in ("filler", "second", "rest"))
        filler.write_bytes(bytes(FILLER_BYTES))
        second.write_bytes(bytes(FILLER_BYTES))
        writer.start()

        refusal = writer.record_until_refused()
        verdict.check(refusal.is_proper(), f"after {writer.acknowledged} events the disk is full: {refusal}")
        check_halted(verdict, writer)
        filler.unlink()
        verdict.check(settled(writer.takes_events), "with room it takes events again, without a restart")
        verdict.check(settled(writer.is_ready), "and says that it is ready")

        refusal = writer.record_until_refused()
        verdict.check(refusal.is_proper(), f"after {writer.acknowledged} events it is full again: {refusal}")
        writer.served.kill()
        # Not a byte is left for the start either.
        mounted.fill(rest)
        writer.start()
        check_halted(verdict, writer)
        second.unlink()
        verdict.check(settled(writer.takes_events), "killed and started on a full disk, it takes events again when there is room")
        writer.served.stop()
        mounted.fill(rest)
        writer.start()
        rest.unlink()
        verdict.check(settled(writer.takes_events), "so does one that was stopped, and started on a full disk")
        writer.die_and_end(verdict)
    verdict.end()


def check_halted(verdict, writer):
    verdict.check(not writer.is_ready(), f"it is not ready: {writer.readiness()}")
    halted = writer.status()["halted"] or ""
    verdict.check("No space left" in halted, f"it says why: {halted}")
    writer.check_all(verdict)
    # Again and again, as clients do.
    refusals = [writer.record(100) for _ in range(20)]
    verdict.check(all(refusal and refusal.is_proper() for refusal in refusals), "it goes on refusing with 503")


if __name__ == "__main__":
    main()
