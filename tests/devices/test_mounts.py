"""A state folder that does not survive power-off is told from one that does."""

from pathlib import Path

import pytest

from usr7s3d.devices.mounts import volatile

# As a Pi with a read-only root has them: the card, an overlay over it, one real partition.
PI = """\
22 28 0:20 / /proc rw,nosuid - proc proc rw
28 1 0:24 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/lower,upperdir=/upper
31 28 179:1 / /boot/firmware ro - vfat /dev/mmcblk0p1 ro
40 28 179:3 / /data rw - ext4 /dev/mmcblk0p3 rw
41 40 0:30 / /data/scratch\\040pad rw - tmpfs tmpfs rw
"""


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(PI)
    return mounts


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/usr7s3d", "overlay"),
        ("/data/usr7s3d", ""),
        ("/data/scratch pad/usr7s3d", "tmpfs"),
        ("/database/usr7s3d", "overlay"),
    ],
)
def test_the_deepest_mount_counts(pi: Path, folder: str, kind: str) -> None:
    assert volatile(Path(folder), pi) == kind


def test_a_later_mount_on_the_same_place_hides_the_earlier(pi: Path) -> None:
    pi.write_text(PI + "50 28 0:40 / /data rw - tmpfs tmpfs rw\n")
    assert volatile(Path("/data/usr7s3d"), pi) == "tmpfs"


def test_without_proc_nothing_is_said(tmp_path: Path) -> None:
    assert volatile(Path("/anywhere"), tmp_path / "missing") == ""
