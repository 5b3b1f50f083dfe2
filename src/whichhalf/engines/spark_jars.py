"""The jars that Spark needs beside pyspark: fetched by Maven once, when the extra is installed.

    python -m whichhalf.engines.spark_jars [--into DIR]

Nothing is fetched at run time: the engine reads them from where this put them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from whichhalf.errors import EngineError

ENVIRONMENT = "WHICHHALF_SPARK_JARS"
COMMAND = "python -m whichhalf.engines.spark_jars"


def default_folder() -> Path:
    """Where the jars lie: of the environment variable, else in the Python environment."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else Path(sys.prefix) / "share" / "whichhalf" / "spark-jars"


def found() -> list[Path]:
    """Return the jars, in order. EngineError says how to get them where there are none."""
    folder = default_folder()
    jars = sorted(folder.glob("*.jar"))
    if not any(jar.name.startswith("delta-spark_") for jar in jars):
        raise EngineError(
            f"Spark: no jar of Delta Lake in {folder}. Fetch the jars once (needs Java and Maven):"
            f" {COMMAND}. Where they are elsewhere, set {ENVIRONMENT} to their folder."
        )
    return jars


def fetch(folder: Path) -> list[Path]:
    """Fetch the jars into a folder, in place of what it held; return them."""
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineError(
            "Spark: Maven (mvn) is not on the PATH; it fetches the jars. On Debian and Ubuntu:"
            " apt install maven. Then again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as arriving:
        pom = Path(arriving) / "pom.xml"
        pom.write_bytes(resources.files(__package__).joinpath("spark_pom.xml").read_bytes())
        command = [maven, "--batch-mode", "--quiet", "--file", str(pom)]
        command += ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        command += [f"-DoutputDirectory={arriving}/jars"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EngineError(f"Spark: Maven could not fetch the jars:\n{done.stdout[-2000:]}")
        for old in folder.glob("*.jar"):
            old.unlink()
        for jar in Path(arriving, "jars").glob("*.jar"):
            os.replace(jar, folder / jar.name)
    return sorted(folder.glob("*.jar"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch the jars and say where they are."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Fetch the jars that Spark needs.")
    parser.add_argument("--into", type=Path, default=default_folder(), help="folder of the jars")
    chosen = parser.parse_args(arguments)
    try:
        jars = fetch(chosen.into)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(jars)} jars in {chosen.into}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
