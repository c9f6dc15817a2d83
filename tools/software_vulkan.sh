#!/usr/bin/env bash
# Runs a command where Vulkan finds a device that needs no GPU: lavapipe, Mesa's
# driver for the processor, as new as the distribution has it.
#
#   tools/software_vulkan.sh cargo test --release --package trainer \
#       --no-default-features --features wgpu --test gpu
#
# The feature is `wgpu`, not `vulkan`: burn's SPIR-V crashes this driver (see
# ARCHITECTURE, GPUs). Without autotune the test takes seconds; with it, it
# was not over after eleven minutes.
#
# Its packages and the Vulkan loader are unpacked into .vulkan/, which git
# ignores: nothing is installed, root is not needed. Debian 12 has them among
# its backports (Mesa 25), newer releases have them anyway. Needs apt-get and dpkg.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
source "$root/tools/lib.sh"

fail() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

unpack() {
    local new=$root/.vulkan.new release apt package
    need apt-get dpkg
    # The release's first source: address and name, without updates and security.
    release=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        grep --invert-match --max-count=1 -E -- '-(backports|security|updates)$') ||
        fail "apt-get knows no package source" "run apt-get update"
    rm -rf "$new"
    mkdir -p "$new"/apt/{lists,archives}/partial
    printf 'deb %s main\n' "$release" "$release-backports" >"$new/apt/sources.list"
    # A package manager of its own that knows what is installed.
    apt=(apt-get --quiet=2 -o "Dir::Etc::sourcelist=$new/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$new/apt/lists" -o "Dir::Cache=$new/apt" -o "Dir::Cache::archives=$new/apt/archives"
        -o Debug::NoLocking=1 -o "APT::Sandbox::User=$(id --user --name)" -o Acquire::Languages=none)
    step "Mesa's Vulkan driver for the processor"
    # A release that has no backports is no failure; the download below may be.
    "${apt[@]}" update >&2 || true
    "${apt[@]}" --yes --no-install-recommends --download-only \
        --target-release "${release##* }-backports" install mesa-vulkan-drivers libvulkan1 >&2 ||
        fail "mesa-vulkan-drivers could not be downloaded" "the distribution's mirror is needed once"
    for package in "$new"/apt/archives/*.deb; do
        dpkg --extract "$package" "$new"
    done
    rm -rf "$new/apt" "$root/.vulkan"
    mv "$new" "$root/.vulkan"
}

if [[ $# == 0 ]]; then
    echo "error: no command to run" >&2
    echo "hint: usage: $0 COMMAND..." >&2
    exit 2
fi
[[ -d $root/.vulkan ]] || unpack
driver=$(find "$root/.vulkan/usr/share/vulkan/icd.d" -name 'lvp_icd*.json' -print -quit)
library=$(find "$root/.vulkan/usr/lib" -name libvulkan_lvp.so -print -quit)
VK_DRIVER_FILES=$driver LD_LIBRARY_PATH=$(dirname "$library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$@"
