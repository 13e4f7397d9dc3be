"""RotationSecret.from_file: private, complete, and made once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from jwtkit.errors import ConfigurationError
from jwtkit.refresh import RotationSecret
from jwtkit.refresh.secret_file import create_secret_file


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def refused(path: Path) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        RotationSecret.from_file(path)
    return caught.value


def test_a_file_is_created_for_its_owner_only_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "rotation.secret"
    secret = RotationSecret.from_file(path, create=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert RotationSecret.from_file(str(path)) == secret
    assert RotationSecret.from_file(path, create=True) == secret
    assert [entry.name for entry in tmp_path.iterdir()] == ["rotation.secret"]


def test_a_wide_open_umask_opens_nothing(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        RotationSecret.from_file(tmp_path / "rotation.secret", create=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "rotation.secret").stat().st_mode) == 0o600


def test_a_missing_file_is_not_made_unasked(tmp_path: Path) -> None:
    assert refused(tmp_path / "rotation.secret").code == "rotation_secret.missing"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RotationSecret.from_file(tmp_path / "absent" / "rotation.secret", create=True)
    assert caught.value.code == "rotation_secret.missing"


def test_the_lines_after_the_first_are_accepted_too(tmp_path: Path) -> None:
    one, two = RotationSecret.generate(), RotationSecret.generate()
    path = written(tmp_path / "rotation.secret", f"{one.to_text()}\n{two.to_text()}\n")
    assert RotationSecret.from_file(path) == one.accepting(two)


@pytest.mark.parametrize("text", ["", "\n", "nonsense", "ümlaut", "x" * 70_000])
def test_wrong_content_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(written(tmp_path / "rotation.secret", text)).code == "rotation_secret.format"


def test_the_largest_file_that_is_read(tmp_path: Path) -> None:
    secret = RotationSecret.generate()
    path = written(tmp_path / "rotation.secret", secret.to_text().ljust(65_536))
    assert RotationSecret.from_file(path) == secret
    assert refused(written(path, secret.to_text().ljust(65_537))).code == "rotation_secret.format"


def test_the_draft_lies_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link cannot cross file systems, and the folder for temporary files may be on another."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    path = tmp_path / "rotation.secret"
    assert RotationSecret.from_file(path, create=True) == RotationSecret.from_file(path)


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path / "rotation.secret", "nonsense")
    with pytest.raises(ConfigurationError):
        RotationSecret.from_file(path, create=True)
    assert path.read_text() == "nonsense"


def test_a_file_made_meanwhile_wins(tmp_path: Path) -> None:
    path = tmp_path / "rotation.secret"
    first = RotationSecret.from_file(path, create=True)
    create_secret_file(path, RotationSecret.generate().to_text())
    assert RotationSecret.from_file(path) == first
    assert [entry.name for entry in tmp_path.iterdir()] == ["rotation.secret"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660, 0o666, 0o644])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "rotation.secret", RotationSecret.generate().to_text(), mode)
    assert refused(path).code == "rotation_secret.permissions"


def test_a_mounted_file_of_another_owner_may_be_read_by_our_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = RotationSecret.generate()
    path = written(tmp_path / "rotation.secret", secret.to_text(), 0o440)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert RotationSecret.from_file(path) == secret
    path.chmod(0o444)
    assert refused(path).code == "rotation_secret.permissions"
    path.chmod(0o460)
    assert refused(path).code == "rotation_secret.permissions"


def test_where_there_are_no_permission_bits_none_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "geteuid")
    monkeypatch.delattr(os, "O_DIRECTORY")
    path = tmp_path / "rotation.secret"
    secret = RotationSecret.from_file(path, create=True)
    path.chmod(0o644)
    assert RotationSecret.from_file(path) == secret


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rotation.secret").mkdir()
    assert refused(tmp_path / "rotation.secret").code == "rotation_secret.format"


def test_a_named_pipe_in_its_place_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rotation.secret", 0o600)
    assert refused(tmp_path / "rotation.secret").code == "rotation_secret.format"


def test_processes_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    program = (
        "import sys; from jwtkit.refresh import RotationSecret; sys.stdin.read();"
        "print(RotationSecret.from_file(sys.argv[1], create=True).key_id)"
    )
    path = str(tmp_path / "rotation.secret")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    answers = {process.communicate()[0].strip() for process in started}
    assert answers == {RotationSecret.from_file(path).key_id}
