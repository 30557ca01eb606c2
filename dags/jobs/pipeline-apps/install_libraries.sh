#!/bin/bash
# Bootstrap action: Python libraries for the steps, each written as module=requirement: yaml=PyYAML==6.0.2.
# What can be imported already stays as it is, so it may run twice, and where all is there it needs no network.
set -euo pipefail

missing=()
for library in "$@"; do
  if ! python3 -c "import ${library%%=*}"; then
    missing+=("${library#*=}")
  fi
done
if ((${#missing[@]})); then
  sudo python3 -m pip install "${missing[@]}"
fi
