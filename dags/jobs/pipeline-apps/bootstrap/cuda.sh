#!/bin/bash
# Bootstrap action: NVIDIA's driver and CUDA on instances with such a GPU, unless the image has them; nothing on others.
# The argument is the release of the toolkit, such as 12-5.
set -euo pipefail

if ! grep --quiet --no-messages --fixed-strings 0x10de /sys/bus/pci/devices/*/vendor; then
  echo "there is no NVIDIA GPU here"
elif command -v nvidia-smi; then
  nvidia-smi
else
  repository=https://developer.download.nvidia.com/compute/cuda/repos/amzn2023/x86_64/cuda-amzn2023.repo
  sudo dnf config-manager --add-repo "$repository"
  sudo dnf install --assumeyes "kernel-devel-$(uname -r)" cuda-drivers "cuda-toolkit-$1"
fi
