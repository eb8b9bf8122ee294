# shellcheck shell=bash
# Sourced by parts that run test programs of Go packages, or forgetfs. Several parts need
# the same ones: each is built once, by the first that asks, into the folder PROGRAMS.

# built_once FILE COMMAND... prints the path of a program in PROGRAMS, which the command
# builds if it is not there.
built_once() {
  local program=${PROGRAMS:-$WORK}/$1
  shift
  (
    flock 9
    [ -x "$program" ] || CGO_ENABLED=0 "$@" -o "$program.new" || exit 1
    [ -x "$program" ] || mv "$program.new" "$program"
  ) 9>"$program.lock" >&2 && echo "$program"
}

# test_program PACKAGE prints the path of the test program of a package.
test_program() { built_once "${1//\//-}.test" compile_test "$1"; }
compile_test() {
  local package=$1
  shift
  go test -c -ldflags=-w "$@" "./$package"
}

# forgetfs prints the path of the file system that forgets.
forgetfs() { built_once forgetfs go build -C .ci/forgetfs; }
