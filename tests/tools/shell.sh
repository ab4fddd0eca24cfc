#!/usr/bin/env bash
# Every shell script of the project passes shellcheck and is executable.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t scripts < <(
    echo .ci/run
    find . \( -name target -o -name .git -o -name node_modules \) -prune -o -name '*.sh' -print
)
shellcheck "${scripts[@]}"
for script in "${scripts[@]}"; do
    [[ -x $script ]] || {
        echo "$script is not executable: chmod +x $script" >&2
        exit 1
    }
done
echo "shellcheck has no findings in ${#scripts[@]} scripts."
