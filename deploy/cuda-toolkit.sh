#!/usr/bin/env bash
# Installs the tools to compile for CUDA 13.0 into a folder, without a GPU, a driver or root: cuda-toolkit.sh FOLDER
#
# The compiler and its headers are from NVIDIA's Python packages. The script creates stub libraries to link against,
# like NVIDIA's own in lib64/stubs: they define every function that the crate cudarc declares. At run time, the real
# libraries are used. Needs pip, unzip, gcc, and the crates (cargo fetch). Afterwards, run: . FOLDER/env.sh
set -euo pipefail
mkdir -p "${1:?give a folder, as in: deploy/cuda-toolkit.sh target/cuda}"
to=$(realpath "$1")
sources=("${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/cudarc-0.19.*)
cudarc=${sources[-1]}
[[ -d $cudarc ]] || {
    echo "The crate cudarc is missing. Run: cargo fetch" >&2
    exit 1
}

pip download --quiet --disable-pip-version-check --no-deps --dest "$to/wheels" \
    nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-nvvm==13.0.88 \
    nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85
for wheel in "$to"/wheels/*.whl; do
    unzip -qo "$wheel" -d "$to/root"
done
home=$to/root/nvidia/cu13
# Wheels do not store permissions.
chmod +x "$home"/bin/* "$home"/nvvm/bin/*
# nvcc expects these names.
ln -sfn lib "$home/lib64"
ln -sf libcudart.so.13 "$home/lib/libcudart.so"

# Creates a stub of library $1 with soname $2, from the declarations of cudarc's modules $3 and following.
stub() {
    local library=$1 soname=$2 module
    shift 2
    for module in "$@"; do
        sed -nE 's/^ +fn ((cu|nvrtc)[A-Za-z0-9_]+).*/\1/p' "$cudarc/src/$module/sys/mod.rs"
    done | sort -u | sed 's/.*/void &(void) { __builtin_trap(); }/' >"$home/lib/stubs/$library.c"
    gcc -shared -fPIC -o "$home/lib/stubs/lib$library.so" -Wl,-soname,"$soname" "$home/lib/stubs/$library.c"
}
mkdir -p "$home/lib/stubs"
stub cuda libcuda.so.1 driver
stub cublas libcublas.so.13 cublas
stub cublasLt libcublasLt.so.13 cublaslt
stub curand libcurand.so.10 curand
stub nvrtc libnvrtc.so.13 nvrtc

cat >"$to/env.sh" <<ENV
export CUDA_HOME=$home CUDA_PATH=$home CUDA_ROOT=$home PATH=$home/bin:\$PATH
export CUDA_COMPUTE_CAP=\${CUDA_COMPUTE_CAP:-80} CUDARC_CUDA_VERSION=13000
export LIBRARY_PATH=$home/lib:$home/lib/stubs\${LIBRARY_PATH:+:\$LIBRARY_PATH}
ENV
"$home/bin/nvcc" --version | tail -n 1
echo "Now: . $to/env.sh"
