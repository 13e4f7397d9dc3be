"""``python -m tests.fuzz``: every target in turn under atheris, bounded in time; `make fuzz` runs it.

libFuzzer ends the process it runs in, so each target has one of its own.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_FINDINGS: Final = _ROOT / "build" / "fuzz"
_LONGEST_INPUT: Final = 4096
_SECONDS_PER_INPUT: Final = 5
_SHOWN: Final = ("stat::number_of_executed_units", "stat::average_exec_per_sec", "stat::new_units_added")


def main() -> int:
    """Fuzz each target; 0 when nothing was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="how long, for each target")
    parser.add_argument("--only", help="one target")
    parser.add_argument("--seeds", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed here; it has wheels for CPython 3.11 to 3.13")
        return 2
    if arguments.seeds:
        _fuzz(arguments.only, arguments.seconds, arguments.seeds)
    from tests.fuzz.targets import TARGETS

    names = [name for name in TARGETS if arguments.only in (None, name)]
    failed = [name for name in names if not _clean(name, arguments.seconds)]
    print(
        f"found something: {', '.join(failed)}; the inputs are in build/fuzz" if failed else "nothing found"
    )
    return 1 if failed else 0


def _clean(target: str, seconds: int) -> bool:
    """Fuzz one target in a process of its own, and say whether nothing was found."""
    from tests.fuzz.targets import DICTIONARY, seeds

    _FINDINGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(dict.fromkeys(seeds(target))):
            (corpus / f"{number:05}").write_bytes(seed)
        (Path(folder) / "dictionary").write_text("\n".join(map(_quoted, DICTIONARY)) + "\n", encoding="ascii")
        command = [sys.executable, "-m", "tests.fuzz", "--seconds", str(seconds), "--only", target]
        command += ["--seeds", folder]
        answer = subprocess.run(
            command, cwd=_ROOT, check=False, stderr=subprocess.PIPE, text=True, errors="replace"
        )
    lines = answer.stderr.splitlines()
    if answer.returncode:
        print("\n".join(lines[-40:]))
    found = [line.removeprefix("stat::") for line in lines if line.startswith(_SHOWN)]
    print(f"{target}: {seconds} s, {', '.join(' '.join(line.split()) for line in found)}", flush=True)
    return answer.returncode == 0


def _fuzz(target: str, seconds: int, folder: Path) -> None:
    """Hand this process to libFuzzer; it never returns."""
    import atheris

    with atheris.instrument_imports(include=["jwtkit"]):
        from tests.fuzz.targets import TARGETS
    options = {
        "max_total_time": seconds,
        "max_len": _LONGEST_INPUT,
        "timeout": _SECONDS_PER_INPUT,
        "dict": folder / "dictionary",
        "artifact_prefix": f"{_FINDINGS}/{target}-",
        "print_final_stats": 1,
        "verbosity": 0,
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([target, *flags, str(folder / "corpus")], TARGETS[target])
    atheris.Fuzz()


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


if __name__ == "__main__":
    sys.exit(main())
