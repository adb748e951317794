#!/usr/bin/env bash
# unpack-syslog-ng.sh FOLDER: puts Debian's syslog-ng with its http destination into FOLDER, for test/e2e/collectors. The
# package conflicts with that of rsyslog, which the tests run, too: so it is unpacked, and what it depends on is
# installed. Needs root, and apt-get update before it.
set -euo pipefail
folder="$1"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq -o APT::Sandbox::User=root syslog-ng-core syslog-ng-mod-http
mkdir -p "$folder"
for package in *.deb; do
  depends="$(dpkg-deb --field "$package" Depends | sed -E 's/(^|, *)syslog-ng-core[^,]*//g; s/^, *//')"
  DEBIAN_FRONTEND=noninteractive apt-get satisfy -y -qq --no-install-recommends "$depends" >/dev/null
  dpkg-deb --extract "$package" "$folder"
done
