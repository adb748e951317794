#!/bin/sh
# The daily job of an audit team: export yesterday's records, verify the ledger against what was kept before, and keep
# the day where the service cannot change it. Run it on a machine of the audit team, on a ledger that it can read (a backup will do).
#
#   AUDIT_BUCKET=s3://acme-audit/invites AUDIT_PUBLIC_KEY=audit.pub.pem LEDGER_URL=sqlite:/srv/ledger.db sh audit-daily.sh [DAY]
#
# AUDIT_BUCKET   where the days are kept: a folder, or s3://BUCKET/PREFIX (AWS CLI 2; AWS_ENDPOINT_URL for R2 and others)
# AUDIT_LOCK     how the bucket keeps an object from change: `object-lock` (S3, the default) or `bucket` (a rule of the bucket, R2)
# AUDIT_KEEP_DAYS  with object-lock: for how long; 400 when left out
# AUDIT_PUBLIC_KEY the public key of the service's checkpoints
# AUDIT_CLI      the command line of this project; `node src/cli.ts` when left out
# LEDGER_URL     as for the service
#
# The exit code is that of `audit verify` (docs/cli.md): 0 intact, 1 broken, 3 newer, 4 unproven. The day is kept in each of
# these cases, because it is evidence. 2: something could not be read or kept, or the ledger ends before the day does, as an
# older backup does: nothing was kept, because a kept day cannot be completed. Run it again for that DAY with a newer
# ledger. Needs a Linux `date`.
set -eu
: "${AUDIT_BUCKET:?a folder, or s3://BUCKET/PREFIX}" "${AUDIT_PUBLIC_KEY:?the public key of the checkpoints}"
: "${LEDGER_URL:?the ledger}"
cli=${AUDIT_CLI:-node src/cli.ts}
day=${1:-$(date -u -d "@$(($(date -u +%s) - 86400))" +%F)}

fail() {
  echo "audit-daily: $1" >&2
  exit 2
}

case $AUDIT_BUCKET in
s3://?*/?*) ;;
s3://*) fail 'AUDIT_BUCKET is s3://BUCKET/PREFIX' ;;
esac
begin=$(date -u -d "$day" +%s) || fail "$day is not a day like 2026-05-01"
next=$(date -u -d "@$((begin + 86400))" +%F)
work=$(mktemp -d) || fail "there is no temporary folder"
trap 'rm -rf "$work"' EXIT

# Keeps a file under a name that must be new. Keeping the same bytes again is no fault: a job may run twice.
keep() {
  case $AUDIT_BUCKET in
  s3://*)
    bucket=${AUDIT_BUCKET#s3://}
    key=${bucket#*/}/$2
    bucket=${bucket%%/*}
    set -- "$1" --bucket "$bucket" --key "$key" --body "$1" --if-none-match '*'
    if [ "${AUDIT_LOCK:-object-lock}" = object-lock ]; then
      until=$(date -u -d "@$(($(date -u +%s) + ${AUDIT_KEEP_DAYS:-400} * 86400))" +%FT%TZ)
      set -- "$@" --checksum-algorithm SHA256 --object-lock-mode COMPLIANCE --object-lock-retain-until-date "$until"
    fi
    file=$1
    shift
    aws s3api put-object "$@" >"$work/put" 2>&1 && return
    aws s3 cp "s3://$bucket/$key" "$work/there" >/dev/null 2>&1 && cmp -s "$file" "$work/there" && return
    cat "$work/put" >&2
    fail "$key was not kept; another object of this name may be there"
    ;;
  *)
    there=$AUDIT_BUCKET/$2
    mkdir -p "$(dirname "$there")" || fail "$2 was not kept"
    if [ -e "$there" ]; then
      cmp -s "$1" "$there" || fail "$2 is kept already, with another content"
      return
    fi
    # A copy that ends early, as on a full disk, must not have the name.
    { cp "$1" "$there.partial" && chmod a-w "$there.partial" && mv "$there.partial" "$there"; } && return
    rm -f "$there.partial"
    fail "$2 was not kept"
    ;;
  esac
}

# The names of the kept days. Fails when they cannot be listed: without what was kept, a cut trail would pass.
kept_days() {
  case $AUDIT_BUCKET in
  s3://*)
    bucket=${AUDIT_BUCKET#s3://}
    keys=$(aws s3api list-objects-v2 --bucket "${bucket%%/*}" --prefix "${bucket#*/}/checkpoints/" --query 'Contents[].Key' --output text) || return 1
    printf '%s\n' "$keys" | tr '\t' '\n' | sed 's|.*/||'
    ;;
  *) [ ! -e "$AUDIT_BUCKET/checkpoints" ] || ls "$AUDIT_BUCKET/checkpoints" ;;
  esac
}

# The checkpoints of the last day before this one that had any.
checkpoints_before() {
  names=$(kept_days) || return 1
  last=$(printf '%s\n' "$names" | grep '^[0-9-]*\.ndjson$' | sort | awk -v this="$day.ndjson" '$0 < this' | tail -n 1)
  [ -n "$last" ] || return 0
  case $AUDIT_BUCKET in
  s3://*) aws s3 cp "$AUDIT_BUCKET/checkpoints/$last" - ;;
  *) cat "$AUDIT_BUCKET/checkpoints/$last" ;;
  esac
}

checkpoints_before >"$work/kept.ndjson" || fail "what was kept before cannot be read"
$cli audit export --from "$day" --to "$next" --ended --out "$work/$day.ndjson" || fail "the day cannot be exported"

set -- --ledger "$LEDGER_URL" --public-key "$AUDIT_PUBLIC_KEY"
[ -s "$work/kept.ndjson" ] && set -- "$@" --checkpoint "$work/kept.ndjson"
status=0
$cli audit verify "$@" || status=$?
[ "$status" -eq 2 ] && fail "the ledger cannot be read"

gzip -n <"$work/$day.ndjson" >"$work/$day.ndjson.gz" || fail "the day cannot be compressed"
keep "$work/$day.ndjson.gz" "records/$day.ndjson.gz"
grep '"kind":"checkpoint"' "$work/$day.ndjson" >"$work/checkpoints.ndjson" || true
[ -s "$work/checkpoints.ndjson" ] && keep "$work/checkpoints.ndjson" "checkpoints/$day.ndjson"
exit "$status"
