"""Build the compiled core. Everything static lives in pyproject.toml.

cext/<path>.pyx becomes the extension module whose dotted name is <path>: the tree
under cext/ mirrors the import tree under src/.

Environment:
    CHRONOMUX_BUILD=release   (default) optimised, no checks
    CHRONOMUX_BUILD=debug     bounds, None and initialisation checks, -O0 -g
    CHRONOMUX_BUILD=sanitize  release directives, AddressSanitizer and UBSan
    CHRONOMUX_BUILD=trace     line tracing for Cython.Coverage
    CHRONOMUX_ANNOTATE=1      also write Cython's yellow-line reports
    CFLAGS=...                come last, and so win: -O1 compiles in half the time
"""

import multiprocessing
import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, setup

CEXT = Path("cext")
FLAVOUR = os.environ.get("CHRONOMUX_BUILD", "release")
if FLAVOUR not in {"release", "debug", "sanitize", "trace"}:
    sys.exit(f"CHRONOMUX_BUILD={FLAVOUR!r}: use release, debug, sanitize or trace")
CHECKED = FLAVOUR in {"debug", "trace"}

Options.warning_errors = CHECKED

DIRECTIVES = {
    "language_level": "3",
    "embedsignature": True,
    "embedsignature.format": "python",
    "boundscheck": CHECKED,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": CHECKED,
    "nonecheck": CHECKED,
    "linetrace": FLAVOUR == "trace",
    "warn.unused": True,
    "warn.maybe_uninitialized": True,
}

SANITIZERS = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",  # a test that goes on after a finding would pass
    "-fno-omit-frame-pointer",
]
CFLAGS = {
    "release": ["-O3", "-g0"],
    "debug": ["-O0", "-g", "-UNDEBUG"],
    "sanitize": ["-O1", "-g", "-UNDEBUG", *SANITIZERS],
    "trace": ["-O0", "-g0"],
}[FLAVOUR]
CFLAGS += os.environ.get("CFLAGS", "").split()
LDFLAGS = SANITIZERS if FLAVOUR == "sanitize" else []
# coverage.py cannot yet use sys.monitoring for plugins.
MACROS = {
    "trace": [("CYTHON_TRACE_NOGIL", "1"), ("CYTHON_USE_SYS_MONITORING", "0")],
}.get(FLAVOUR, [])


def extension(pyx: Path) -> Extension:
    return Extension(
        ".".join(pyx.relative_to(CEXT).with_suffix("").parts),
        [pyx.as_posix()],
        include_dirs=[CEXT.as_posix()],
        define_macros=MACROS,
        extra_compile_args=CFLAGS,
        extra_link_args=LDFLAGS,
    )


setup(
    ext_modules=cythonize(
        [extension(pyx) for pyx in sorted(CEXT.rglob("*.pyx"))],
        include_path=[CEXT.as_posix()],
        # Cython.Coverage only finds C files that stand beside their .pyx.
        build_dir=None if FLAVOUR == "trace" else f"build/cython-{FLAVOUR}",
        compiler_directives=DIRECTIVES,
        annotate=os.environ.get("CHRONOMUX_ANNOTATE") == "1",
        # Elsewhere each of the processes would run this script again.
        nthreads=(os.cpu_count() or 1) * (multiprocessing.get_start_method() == "fork"),
    ),
    options={
        # setuptools would take another flavour's library for its own.
        "build": {"build_base": f"build/{FLAVOUR}"},
        "build_ext": {"parallel": os.cpu_count()},
    },
)
