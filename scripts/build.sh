#!/bin/sh
# Makes what people run without installing anything, into dist/:
#
#   scripts/build.sh            this machine's executable: one file, with its own Python in it
#   scripts/build.sh --cross    a .pyz for each system that has wheels, and the bill of materials;
#                               a .pyz needs Python 3.11 to 3.14 on the machine that runs it
#
# Executables cannot be made for another system: each is built on its own (.github/workflows).
# PYTHON names another Python. --cross needs the tools of .venv/ship, which `make binaries` installs.
set -eu
cd "$(dirname "$0")/.."

# Both are named like Rust's targets, as they always were. Left out, for want of wheels: FreeBSD, and
# what is not x86_64 or arm64.
CROSS_TARGETS="x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl \
aarch64-unknown-linux-musl x86_64-apple-darwin aarch64-apple-darwin x86_64-pc-windows-msvc"
CROSS_PYTHONS="3.11 3.12 3.13 3.14"
VERSION=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/cursor_api/__init__.py)

fail() {
  echo "error: $*" >&2
  exit 1
}

find_target() {
  case "$("$1" -c 'import platform; print(platform.system(), platform.machine())')" in
    "Linux x86_64") echo "x86_64-unknown-linux-$(find_libc "$1")" ;;
    "Linux aarch64") echo "aarch64-unknown-linux-$(find_libc "$1")" ;;
    "Darwin x86_64") echo x86_64-apple-darwin ;;
    "Darwin arm64") echo aarch64-apple-darwin ;;
    "FreeBSD amd64") echo x86_64-unknown-freebsd ;;
    "Windows AMD64") echo x86_64-pc-windows-msvc ;;
    *) fail "there is no name for this system; install with pip instead (docs/install.md)" ;;
  esac
}

find_libc() {
  "$1" -c 'import platform; print("gnu" if platform.libc_ver()[0] == "glibc" else "musl")'
}

build_executable() {
  base=${PYTHON:-python3}
  target=$(find_target "$base")
  work=build/executable
  rm -rf "$work"
  "$base" -m venv "$work/venv"
  bin=$work/venv/bin
  suffix=
  strip=--strip
  if [ -d "$work/venv/Scripts" ]; then
    bin=$work/venv/Scripts
    suffix=.exe
    strip=
  fi
  echo "installing from the lock ..."
  for lock in run build executable; do
    "$bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$lock.txt"
  done
  # As a package, so that no file of the checkout that is not published gets into it.
  "$bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation .
  echo "building cursor-api-$target ..."
  # shellcheck disable=SC2086 # no word at all where there is nothing to strip
  "$bin/python" -m PyInstaller --onefile $strip --clean --noconfirm --log-level WARN \
    --name "cursor-api-$target" --collect-data cursor_api --collect-submodules cursor_api \
    --distpath dist --workpath "$work/work" --specpath "$work" scripts/executable.py
  case "$target" in
    *-gnu) "$bin/python" scripts/glibc_floor.py "$work/work/cursor-api-$target" ;;
  esac
  echo "dist/cursor-api-$target$suffix"
}

build_cross() {
  tools=${TOOLS:-.venv/ship/bin}
  [ -x "$tools/uv" ] && [ -x "$tools/shiv" ] || fail "uv and shiv are not in $tools; use: make binaries"
  work=build/cross
  rm -rf "$work"
  "$tools/uv" build --quiet --wheel --build-constraints requirements/build.txt --require-hashes \
    --out-dir "$work/wheel" .
  for target in $CROSS_TARGETS; do
    # Compiled parts of each Python lie side by side: the names of their files tell them apart.
    for python in $CROSS_PYTHONS; do
      "$tools/uv" pip install --quiet --no-deps --only-binary :all: --require-hashes --link-mode copy \
        --python-platform "$target" --python-version "$python" \
        --target "$work/$target-$python" -r requirements/run.txt
      mkdir -p "$work/$target"
      cp -R "$work/$target-$python/." "$work/$target/"
    done
    rm -rf "$work/$target/bin"
    "$tools/shiv" --compressed --reproducible --site-packages "$work/$target" \
      --python "/usr/bin/env python3" --entry-point cursor_api.cli:main \
      --output-file "dist/cursor-api-$target.pyz" --quiet --no-deps "$work"/wheel/*.whl
    echo "dist/cursor-api-$target.pyz (needs Python 3.11 to 3.14)"
  done
  echo "left out: FreeBSD and every other system, for want of wheels; there, install with pip"
  write_bill
}

# What a release is made of, from an environment that has it installed.
write_bill() {
  "$tools/uv" venv --quiet "$work/installed"
  "$tools/uv" pip install --quiet --python "$work/installed/bin/python" --require-hashes -r requirements/run.txt
  "$tools/uv" pip install --quiet --python "$work/installed/bin/python" --no-deps "$work"/wheel/*.whl
  "$tools/cyclonedx-py" environment --output-format JSON --output-reproducible --sv 1.6 \
    --output-file "dist/cursor-api-$VERSION.cdx.json" "$work/installed/bin/python"
  echo "dist/cursor-api-$VERSION.cdx.json"
}

mkdir -p dist
case "${1:-}" in
  "") build_executable ;;
  --cross) build_cross ;;
  *) fail "there is no $1; it is scripts/build.sh or scripts/build.sh --cross" ;;
esac
# Of all that lies there, by the names alone.
(cd dist && rm -f SHA256SUMS && if command -v sha256sum >/dev/null; then sha256sum cursor-api-*; else shasum -a 256 cursor-api-*; fi > SHA256SUMS)
