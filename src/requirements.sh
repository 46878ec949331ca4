#!/bin/sh
# Makes ./venv ready for work, or brings it up to date: the locked requirements, and
# chronomux compiled and installed editable. With nothing to do it ends at once.
#
#   sh src/requirements.sh
#
#   PYTHON=command           makes the environment with this Python (3.10 or newer);
#                            by default the first fit one that is found
#   VENV=folder              the environment, seen from the top of the tree; by default
#                            venv, or venv-FLAVOUR for a flavour other than release
#   CHRONOMUX_BUILD=flavour  how to compile, see setup.py. Only release is editable:
#                            the libraries that stand in src/ are always the release's
#
# What is up to date is told by checksums, kept in the environment. Modification times
# say nothing after a clone, a copy or a checkout.
set -eu

CDPATH='' cd -- "$(dirname -- "$0")/.."
FLAVOUR=${CHRONOMUX_BUILD:-release}
case $FLAVOUR in
    release) VENV=${VENV:-venv} ;;
    *) VENV=${VENV:-venv-$FLAVOUR} ;;
esac
PYENV_VERSIONS=${PYENV_ROOT:-${HOME:-}/.pyenv}/versions
IN=src/requirements.in
LOCK=src/requirements.txt

# Every Python there ever was must understand this: it may be the one that is too old.
PROBE='
import os, sys, sysconfig
def answer(word, *more):
    print("|".join((word,) + more))
    sys.exit()
if sys.version_info < (3, 10):
    answer("unfit", "is Python %d.%d; chronomux needs 3.10 or newer" % sys.version_info[:2])
try:
    import ensurepip, venv
except ImportError:
    answer("unfit", "has no venv module: install it (Debian: python%d.%d-venv)" % sys.version_info[:2])
version = " ".join(sys.version.split())
answer("fit", sysconfig.get_config_var("EXT_SUFFIX"), version + " in " + os.path.realpath(sys.base_prefix))
'

say() {
    printf 'requirements.sh: %s\n' "$*" >&2
}

die() {
    say "$@"
    exit 1
}

# Asks the Python named $1 what it is: sets suffix and identity, or reason if it will
# not do. A name that pyenv knows but has not switched on runs and fails.
ask() {
    suffix='' identity='' reason='does not run'
    answer=$("$1" -c "$PROBE" 2>/dev/null | tr -d '\r') || return 1
    case $answer in
        fit*) answer=${answer#fit|} suffix=${answer%%|*} identity=${answer#*|} ;;
        unfit*) reason=${answer#unfit|} && return 1 ;;
        *) return 1 ;;
    esac
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        ask "$PYTHON" || die "PYTHON=$PYTHON $reason"
        python=$PYTHON
        return
    fi
    unfit=''
    for python in python3.13 python3.12 python3.11 python3.10 python3 python \
        "$PYENV_VERSIONS"/3.1[0-3].*/bin/python; do
        if ask "$python"; then return; fi
        if [ -z "$unfit" ] && [ "$reason" != 'does not run' ]; then
            unfit="$python $reason"
        fi
    done
    die "${unfit:-no Python found: install 3.10 or newer, or name it with PYTHON=}"
}

# The oldest supported Python decides the lock: newer ones can install what it can.
find_oldest_python() {
    for minor in 10 11 12 13; do
        for oldest in "python3.$minor" "$PYENV_VERSIONS/3.$minor".*/bin/python; do
            if ask "$oldest"; then return; fi
        done
    done
    oldest=$python
    ask "$oldest"
}

check_compiler() {
    cc=${CC:-$("$python" -c 'import sysconfig as s; print(s.get_config_var("CC") or "")')}
    cc=${cc%% *}
    include=$("$python" -c 'import sysconfig as s; print(s.get_path("include"))')
    # Windows' own compiler is on no PATH: setuptools finds it, or says that it did not.
    case $suffix in *.pyd) return ;; esac
    command -v "$cc" >/dev/null ||
        die "no C compiler: '$cc' not found; install gcc or clang, or name one with CC="
    [ -f "$include/Python.h" ] ||
        die "no Python.h in $include: install Python's headers (Debian: python3-dev)"
}

# Windows' own Pythons make Scripts, also under Git Bash.
find_bin() {
    bin=$1/bin
    if [ -d "$1/Scripts" ]; then bin=$1/Scripts; fi
}

make_venv() {
    if [ -e "$VENV" ] && [ ! -f "$VENV/pyvenv.cfg" ]; then
        die "$VENV is no virtual environment: move it away, or name another with VENV="
    fi
    say "making $VENV with Python ${identity%% *}"
    "$python" -m venv --clear "$VENV" || die "$python cannot make $VENV (see above)"
    find_bin "$VENV"
}

# An environment serves while its Python runs and is the one asked for.
choose_python() {
    find_bin "$VENV"
    python=$bin/python
    if [ -f "$VENV/pyvenv.cfg" ] && ask "$python"; then
        found=$identity
        if [ -z "${PYTHON:-}" ]; then return; fi
        find_python
        python=$bin/python
        if [ "$found" = "$identity" ]; then return; fi
    fi
    find_python
    check_compiler
    make_venv
    python=$bin/python
}

# Git may have put carriage returns in, which change nothing.
in_sum() {
    tr -d '\r' <"$IN" | cksum
}

lock_is_current() {
    [ -f "$LOCK" ] && grep -qF "checksum $(in_sum)" "$LOCK"
}

# In an environment of its own: pip-tools locks for the Python that it runs on.
compile_lock() (
    find_oldest_python
    version=${identity%% *}
    case $version in
        3.10.*) say "locking $IN with Python $version" ;;
        *) say "locking $IN with Python $version: no 3.10 found, so the lock may not fit it" ;;
    esac
    tools=$VENV/lock
    new=$tools/requirements.txt
    rm -rf "$tools"
    "$oldest" -m venv "$tools"
    find_bin "$tools"
    if [ -f "$LOCK" ]; then cp "$LOCK" "$new"; fi
    "$bin/python" -m pip install -q --disable-pip-version-check pip-tools
    "$bin/python" -m piptools compile -q --no-header --allow-unsafe --strip-extras \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
        --no-emit-options -o "$new" "$IN"
    {
        echo '# Made by src/requirements.sh from requirements.in: edit that, and run it again.'
        echo "# Python ${version%.*}, requirements.in has checksum $(in_sum)"
        grep -v '^# [MP].* requirements' "$new"
    } >"$tools/lock.txt"
    mv "$tools/lock.txt" "$LOCK"
    rm -rf "$tools"
)

requirements_sum() {
    echo "$identity"
    cksum "$LOCK"
}

# What decides how chronomux comes out, and what came out of it: a library that someone
# removed or replaced is a reason to build as well.
build_sum() {
    requirements_sum
    echo "$FLAVOUR ${CC:-} ${CFLAGS:-} ${LDFLAGS:-}"
    cksum setup.py pyproject.toml
    if [ "$FLAVOUR" = release ]; then
        find cext -type f ! -name '*.c' -exec cksum {} + | LC_ALL=C sort
        find src/chronomux -name "*$suffix" -exec cksum {} + | LC_ALL=C sort
    else
        find cext src/chronomux -type f ! -name '*.c' ! -name '*.so' ! -name '*.pyc' \
            -exec cksum {} + | LC_ALL=C sort
    fi
}

is_stamped() {
    [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

install_requirements() {
    say "installing $LOCK"
    "$python" -m pip install -q --disable-pip-version-check -c "$LOCK" pip pip-tools
    "$python" -m piptools sync -q "$LOCK"
    requirements_sum >"$VENV/requirements.stamp"
}

build() {
    say "building chronomux ($FLAVOUR)"
    rm -f "$VENV/build.stamp"
    set -- --no-deps --no-build-isolation
    if [ "$FLAVOUR" = release ]; then
        # A library whose source is gone must go as well.
        find src/chronomux -name "*$suffix" -exec rm -f {} +
        set -- "$@" --editable .
    else
        rm -rf "build/$FLAVOUR"
        set -- "$@" --force-reinstall .
    fi
    # Cython goes by modification times, and does not look at directives at all. Who has
    # put the right C there says CYTHON_FORCE_REGEN=0.
    CYTHON_FORCE_REGEN=${CYTHON_FORCE_REGEN:-1} "$python" -m pip install -q "$@"
    build_sum >"$VENV/build.stamp"
}

choose_python
if ! lock_is_current; then compile_lock; fi
if is_stamped "$VENV/build.stamp" "$(build_sum)"; then
    say "$VENV is up to date"
    exit
fi
check_compiler
if ! is_stamped "$VENV/requirements.stamp" "$(requirements_sum)"; then
    install_requirements
fi
build
say "$VENV is ready (Python ${identity%% *})"
