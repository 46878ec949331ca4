"""Tables that were made before, in a private folder of the user."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import sys
from pathlib import Path

from chronomux.errors import GrammarError
from chronomux.lexer.tables import Tables

__all__ = ["folder", "load", "store"]

log = logging.getLogger("chronomux")

ENVIRONMENT = "CHRONOMUX_CACHE"
SIZE_LIMIT = 1 << 26  # bytes; the tables of C take half a million
SUM = "# sha256: "


def folder() -> Path | None:
    """$CHRONOMUX_CACHE, or chronomux where the system keeps caches; None without."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "chronomux"
        base = os.environ.get("XDG_CACHE_HOME") or ""
        # As the specification has it, a relative one is ignored.
        return (Path(base) if base[:1] == "/" else Path.home() / ".cache") / "chronomux"
    except RuntimeError:  # the user has no home
        return None


def load(where: Path, digest: str) -> Tables | None:
    """The tables of that grammar, or None: not there, damaged, stale, not ours.

    Nothing of it is run, and nothing unpickled: `Tables.from_source` reads data.
    """
    try:
        if not is_private(where):
            return None
        source = content(path_in(where, digest))
        tables = Tables.from_source(source)
        if tables.digest != digest:
            raise GrammarError("these are the tables of another grammar")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.info("%s is made anew: %s", path_in(where, digest), error)
        return None
    return tables


def store(where: Path, tables: Tables) -> None:
    """Write them so that a reader sees all of them or nothing.

    What cannot be written, as on a full disk, is only logged: the next program has to
    make the tables again.
    """
    path = path_in(where, tables.digest)
    source = tables.to_source("Made by PLY of a grammar; remove it at any time.")
    aside = path.with_suffix(f".{os.getpid()}-{os.urandom(6).hex()}")
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_private(where):
            return
        try:
            write_new(aside, f"{source}{SUM}{checksum(source)}\n")
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        log.info("tables cannot be kept: %s", error)


def path_in(where: Path, digest: str) -> Path:
    return where / f"tables-{digest}.py"


def checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def is_private(where: Path) -> bool:
    """Only its owner, who is us, can have put something there."""
    status = os.lstat(where)
    private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o022
    if hasattr(os, "geteuid"):
        private = private and status.st_uid == os.geteuid()
    if not private:
        log.warning(
            "%s is not used: it must be a folder that only its owner, you, can write "
            "to; chmod 700, or name another with %s",
            where,
            ENVIRONMENT,
        )
    return private


def content(path: Path) -> str:
    """ValueError if it is not as it was written."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > SIZE_LIMIT:
            raise ValueError("it is no file of tables")
        text = file.read(SIZE_LIMIT).decode()
    source, found, kept = text.rpartition(SUM)
    if not found or kept.strip() != checksum(source):
        raise ValueError("it was damaged")
    return source


def write_new(path: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(text.encode())
