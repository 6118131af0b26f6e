#!/bin/bash
# Installs a build into a folder of its own, and builds and runs the examples against what lies
# there: through find_package and through pkg-config, with the shared and the static library.
#     install.sh BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
cd "$work"
unset HEMLINE_SOURCE

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

cmake --install "$build" --prefix "$prefix" >"$work/log" || fail "$(cat "$work/log")"
for page in man1/hemline.1 man1/hemline-train.1 man5/hemline-experiment.5; do
    [ -s "$prefix/share/man/$page" ] || fail "no manual page $page"
done
for file in bash-completion/completions/hemline zsh/site-functions/_hemline \
    fish/vendor_completions.d/hemline.fish hemline/experiments/two-conv.yaml; do
    [ -s "$prefix/share/$file" ] || fail "no file share/$file"
done

# learn FOLDER: the programs in it train a network and use it.
learn() {
    rm -rf run
    "$1/train" "$source/tests/data/small.yaml" run | grep -q '^test: ' || fail "$1/train"
    "$1/predict" run "$source/tests/data/ring.pgm" | grep -q ', probability ' || fail "$1/predict"
    echo "$1: fine"
}

for static in OFF ON; do
    cmake -S "$source/examples" -B "cmake-$static" -DSTATIC=$static -DCMAKE_PREFIX_PATH="$prefix" \
        >log 2>&1 || fail "$(cat log)"
    cmake --build "cmake-$static" >log 2>&1 || fail "$(cat log)"
    learn "cmake-$static"
done
readelf -d cmake-OFF/predict | grep -q 'NEEDED.*libhemline\.so\.0\]' || fail "no soname"
! readelf -d cmake-ON/predict | grep -q libhemline || fail "STATIC is not static"
# A version that is not there is refused.
sed 's/hemline 0.1/hemline 9.9/' "$source/examples/CMakeLists.txt" >CMakeLists.txt
cp "$source"/examples/*.c .
! cmake -S . -B refused -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1 || fail "version 9.9 was found"

pc=$(dirname "$(find "$prefix" -name hemline.pc)")
flags() {
    PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$prefix" "$@" hemline
}
mkdir pkg-config-shared pkg-config-static
for name in train predict; do
    # shellcheck disable=SC2046 # flags are words
    ${CC:-cc} "$source/examples/$name.c" $(flags --cflags --libs) -o pkg-config-shared/$name
    libraries=$(flags --static --libs)
    # shellcheck disable=SC2046
    ${CC:-cc} "$source/examples/$name.c" $(flags --cflags) \
        ${libraries/-lhemline/-l:libhemline.a} -o pkg-config-static/$name
done
LD_LIBRARY_PATH=$(dirname "$pc") learn pkg-config-shared
learn pkg-config-static
