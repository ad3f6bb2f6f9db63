# What the shell tools share. Sourced, never run: `source "$(dirname "$0")/lib/common.sh"`.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
say() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '   %s\n' "$*"; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Prints the comment that a tool opens with, as its help.
usage() { sed -n '2,/^$/{s/^# \{0,1\}//p}' "$0"; }

# Jobs for a build: one a core, but a job of the compiler may need 1.5 GiB.
# CMAKE_BUILD_PARALLEL_LEVEL overrides it.
build_jobs() {
  local cores memory_kib by_memory
  cores="$(nproc)"
  memory_kib="$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || true)"
  by_memory=$((${memory_kib:-1572864} / 1572864))
  [ "$by_memory" -ge 1 ] || by_memory=1
  echo "${CMAKE_BUILD_PARALLEL_LEVEL:-$((cores < by_memory ? cores : by_memory))}"
}

# configure_and_build PRESET [TARGET…]: the one way in which the tools build.
configure_and_build() {
  local preset="$1"
  shift
  local folder="$root/build/$preset" log
  mkdir -p "$folder"
  log="$folder/configure.log"
  note "configuring build/$preset"
  if ! (cd "$root" && cmake --preset "$preset") >"$log" 2>&1; then
    cat "$log" >&2
    die "build/$preset could not be configured; the messages above are in build/$preset/configure.log as well"
  fi
  NINJA_STATUS='[%f/%t, %es] ' ninja -C "$folder" -j "$(build_jobs)" "$@"
}
