#!/usr/bin/env bash
# The check of the container image, for .ci/run. ../shared/tools/verify-image.sh builds and runs the image (read-only,
# without capabilities, with issuer and upstream unreachable). Then this script checks it by the project's own rules
# (tools/image-rules.ts) and runs it as compose.yaml does, on a network with loopback only. Prints its figures at the
# end. Exit code 77: skipped. Needs root on Debian; verify-image.sh installs everything else. Leaves only the base image
# behind.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"

verify=../shared/tools/verify-image.sh
if [[ ! -f "$verify" ]]; then
  echo "skipped: $verify is not here"
  exit 77
fi

work="$(mktemp -d)"
id="invite-proxy-$$"
cleanup() {
  if command -v podman >/dev/null; then
    podman rm --force --volumes --time 0 "$id-service" "$id-stand-ins" >/dev/null 2>&1 || true
    podman volume rm --force "$id-verify" "$id-ledger" "$id-key" >/dev/null 2>&1 || true
    podman image unmount verify:local >/dev/null 2>&1 || true
    podman image rm --force verify:local "$id" >/dev/null 2>&1 || true
  fi
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# A copy of the working tree, with a key in every place where a key might be left by mistake. The same key is in the
# builder's environment and is given at run time. No layer may contain it.
key="$(node -p 'require("crypto").randomBytes(30).toString("base64url")')"
printf '%s' "$key" >"$work/key"
mkdir -p "$work/context" "$work/tmp" "$work/archive" "$work/etc"
tar -cf - --exclude=./node_modules --exclude=./.git --exclude=./data . | tar -xf - -C "$work/context"
mkdir -p "$work/context/data" "$work/context/.git"
for place in .env .env.local .git/config data/ledger.db galileo-api-key policy.yaml src/.env src/audit/debug.log dev/key.pem; do
  printf 'GALILEO_API_KEY=%s\n' "$key" >"$work/context/$place"
done

cp examples/policies/hr-and-partners.yaml "$work/etc/policy.yaml"
echo '[{"name":"corp","issuer":"https://login.invalid","audience":"https://invites.invalid"}]' >"$work/etc/issuers.json"
cp "$work/key" "$work/etc/galileo-api-key"
chown -R 1000:1000 "$work/etc"
chmod 0500 "$work/etc"
chmod 0400 "$work/etc"/*
port="$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')"

verify_started="$(now_ms)"
GALILEO_API_KEY="$key" TMPDIR="$work/tmp" PORT="$port" RUN_ARGS="
  --volume $id-verify:/var/lib/galileo-invite-proxy --volume $work/etc:/etc/galileo-invite-proxy:ro --env OPS_PORT=0
  --env GALILEO_API_URL=https://galileo.invalid --env GALILEO_API_KEY_FILE=/etc/galileo-invite-proxy/galileo-api-key
  --env AUTH_ISSUERS_FILE=/etc/galileo-invite-proxy/issuers.json" \
  bash "$verify" "$work/context" 2>&1 | while IFS= read -r line; do
  printf '%s\n' "$line"
  printf '%s %s\n' "$(now_ms)" "$line" >>"$work/verify.log"
done
verify_ms=$(($(now_ms) - verify_started))
build_ms="$(awk '/STEP 1\// && !from { from = $1 } /Successfully tagged/ { to = $1 } END { print to - from }' "$work/verify.log")"

# As in verify-image.sh: needs neither systemd nor a separate network.
export BUILDAH_ISOLATION=chroot CONTAINERS_CONF="$work/containers.conf"
printf '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\nnetns = "host"\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n' >"$CONTAINERS_CONF"

printf '\n── what is in it\n'
podman save --quiet --format docker-archive verify:local | tar -xf - -C "$work/archive"
node tools/judge-image.ts "$work/archive" "$(podman image mount verify:local)" "$work/key"
size="$(podman image inspect verify:local --format '{{.Size}}')"
base_size="$(podman image inspect docker.io/library/node:24-slim --format '{{.Size}}')"

printf '\n── as compose.yaml runs it, with loopback for a network\n'
TMPDIR="$work/tmp" buildah bud --quiet --pull-never --network host --format docker --target stand-ins --tag "$id" "$work/context" >/dev/null
hardened=(--no-healthcheck --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges)
podman run --detach --name "$id-stand-ins" "${hardened[@]}" --network none --volume "$id-key:/var/lib/stand-ins" \
  --env INSECURE_DEV=1 --env STAND_IN_KEY_FILE=/var/lib/stand-ins/galileo-api-key "$id" >/dev/null
for _ in $(seq 100); do podman exec "$id-stand-ins" test -s /var/lib/stand-ins/galileo-api-key && break; sleep 0.1; done

service=("${hardened[@]}" --network "container:$id-stand-ins" --volume "$id-key:/var/lib/stand-ins:ro"
  --volume "$PWD/dev/policy.yaml:/etc/galileo-invite-proxy/policy.yaml:ro" --volume "$id-ledger:/var/lib/galileo-invite-proxy"
  --env INSECURE_DEV=1 --env GALILEO_API_URL=http://127.0.0.1:8082
  --env GALILEO_API_KEY_FILE=/var/lib/stand-ins/galileo-api-key
  --env 'AUTH_ISSUERS=[{"name":"dev","issuer":"http://127.0.0.1:8081","audience":"galileo-invites"}]')

# start: a fresh container on the same ledger; sets ready_ms, from the engine's start of the process to the first 200.
start() {
  podman exec "$id-stand-ins" node -e '
    for (;;) {
      const ready = await fetch("http://127.0.0.1:8080/readyz").then(({ status }) => status === 200, () => false);
      if (ready) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log(Date.now());' >"$work/ready-at" &
  local poller=$!
  podman run --detach --name "$id-service" "${service[@]}" verify:local >/dev/null
  for _ in $(seq 150); do
    kill -0 "$poller" 2>/dev/null || break
    sleep 0.1
  done
  kill "$poller" 2>/dev/null && fail 'the service is not ready after 15 s'
  ready_ms=$(($(<"$work/ready-at") - $(podman inspect "$id-service" --format '{{.State.StartedAt.UnixMilli}}')))
}

# stop: SIGTERM; sets stop_ms and removes the container.
stop() {
  local asked code
  asked="$(now_ms)"
  podman stop --time 40 "$id-service" >/dev/null
  stop_ms=$(($(now_ms) - asked))
  code="$(podman inspect "$id-service" --format '{{.State.ExitCode}}')"
  podman logs "$id-service" >"$work/service.log" 2>&1
  podman rm "$id-service" >/dev/null
  [[ "$code" == 0 ]] || fail "stopped with exit code $code"
}

# invite EMAIL: prints the status.
invite() {
  podman exec --env TOKEN="$(podman exec "$id-stand-ins" node dev/token.ts)" --env EMAIL="$1" "$id-stand-ins" node -e '
    const { status } = await fetch("http://127.0.0.1:8080/v2/invite_users", {
      method: "POST",
      headers: { Authorization: `Bearer ${process.env.TOKEN}`, "Content-Type": "application/json" },
      body: JSON.stringify({ emails: [process.env.EMAIL], auth_method: "okta" }),
    });
    console.log(status);'
}

# records: prints how many records of requests the trail has; starts, policies, keys and reads are on record, too.
records() {
  podman exec --env TOKEN="$(podman exec "$id-stand-ins" node dev/token.ts audit-desk)" "$id-stand-ins" node -e '
    const answer = await fetch("http://127.0.0.1:8080/audit/records", {
      headers: { Authorization: `Bearer ${process.env.TOKEN}` },
    });
    const kinds = (await answer.text()).trim().split("\n").map((line) => JSON.parse(line).kind);
    console.log(kinds.filter((kind) => ["intent", "outcome", "denial"].includes(kind)).length);'
}

expect() { # WHAT FOUND WANTED
  [[ "$2" == "$3" ]] || fail "$1: $2 instead of $3"
  echo "ok     $1: $2"
}

start
podman exec "$id-service" node src/cli.ts config check
expect 'the first invite is answered' "$(invite ann@acme.com)" 200
expect 'one that the policy denies is refused' "$(invite ann@notacme.com)" 403
expect 'the trail has an intent, an outcome and a denial' "$(records)" 3
stop
first_ready_ms="$ready_ms" first_stop_ms="$stop_ms"
start
expect 'a new container on the same volume has the trail' "$(records)" 3
stop

printf '\n── figures, on %s processors\n' "$(nproc)"
printf 'everything of verify-image.sh %6d ms   (engine and base image included, when they had to be made)\n' "$verify_ms"
printf 'build                         %6d ms   (npm ci included)\n' "$build_ms"
printf 'size                          %6d MB   (%d MB above its base)\n' "$((size / 1000000))" "$(((size - base_size) / 1000000))"
printf 'start to ready                %6d ms   (again on the same ledger: %d ms)\n' "$first_ready_ms" "$ready_ms"
printf 'SIGTERM to gone               %6d ms   (the second: %d ms), exit code 0\n' "$first_stop_ms" "$stop_ms"
