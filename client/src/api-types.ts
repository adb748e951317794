/** The wire of the invite service, generated from its contract by `npm run docs`. Not to be edited. */

/**
 * What the policy says of one address.
 */
export type AddressDecision = {
    /**
     * Exactly as you wrote it.
     */
    email: string;
    decision: 'allow' | 'deny';
    rule: string | null;
    /**
     * Empty when allowed. `no-caller`: the policy does not know this caller. `no-rule`: no rule of this caller covers the address. Otherwise the keys of the rule that failed or hit.
     */
    because: Array<string>;
    /**
     * For people: the address, the reason, the rule, and its note where it has one.
     */
    message: string;
};

/**
 * How many requests of a period are on record with each result.
 */
export type AuditCounts = {
    step: 'hour' | 'day';
    /**
     * In order of time. A period without such a record is left out.
     */
    counts: Array<{
        /**
         * Where the period begins, in UTC.
         */
        from: string;
        /**
         * `outcome.result` of the records. `suppressed`: answered and only counted, however they ended. More may come.
         */
        result: 'admitted' | 'denied' | 'accepted' | 'refused' | 'not_sent' | 'unknown' | 'replayed' | 'previewed' | 'suppressed';
        /**
         * How many requests have such a record in the period.
         */
        requests: number;
        /**
         * How many addresses they had; of admitted requests those that were to be sent. 0 for `suppressed`.
         */
        addresses: number;
    }>;
    /**
     * The records up to this `seq` are counted.
     */
    scanned_to: number;
    /**
     * False: ask again with `after` = `scanned_to`, and add the counts.
     */
    complete: boolean;
};

/**
 * Which records are counted, over which time, and by hour or by day.
 */
export type AuditCountsRequest = {
    /**
     * The X-Request-Id of a request: everything on record about it.
     */
    request_id?: string;
    /**
     * A trace id from a log line: the records of all requests that came with it.
     */
    trace_id?: string;
    /**
     * The caller's `sub`, exact.
     */
    subject?: string;
    /**
     * The caller's client, exact.
     */
    client_id?: string;
    /**
     * An invited address, case ignored; or the form the trail has it in.
     */
    email?: string;
    /**
     * The kind of record; `change` finds what changed in the service.
     */
    kind?: 'denial' | 'intent' | 'outcome' | 'replay' | 'dry_run' | 'reconciliation' | 'suppressed' | 'change' | 'read';
    /**
     * `outcome.result`.
     */
    outcome?: 'admitted' | 'denied' | 'accepted' | 'refused' | 'not_sent' | 'unknown' | 'replayed' | 'previewed' | 'suppressed';
    /**
     * A rule or limit that decided about at least one address.
     */
    rule?: string;
    /**
     * Only records behind this `seq`: the last `seq` or `scanned_to` you got.
     */
    after?: number;
    /**
     * Records of this time and later.
     */
    from: string;
    /**
     * Records before this time.
     */
    to: string;
    /**
     * How long one period is; periods are aligned to UTC.
     */
    step: 'hour' | 'day';
};

/**
 * Audit record
 */
export type AuditRecord = (unknown & {
    /**
     * From 1, over the whole ledger, without gaps.
     */
    seq: number;
    /**
     * Of this record; the same in every repeat.
     */
    id: string;
    /**
     * The machine's clock. It may be earlier than in the record before; `seq` is the order.
     */
    time: string;
    /**
     * `hash` of the record before, 64 zeros for the first.
     */
    prev: string;
    /**
     * SHA-256 over the RFC 8785 text of the record without this member.
     */
    hash: string;
    /**
     * `intent`: admitted, about to be sent; `outcome`: how that ended; `denial`: refused with 403 or 429; `replay`: a known Idempotency-Key got its stored answer; `dry_run`: a verdict was asked for; `reconciliation`: a check of an unknown outcome, or its settlement.
     */
    kind: 'denial' | 'intent' | 'outcome' | 'replay' | 'dry_run' | 'reconciliation';
    /**
     * The X-Request-Id of the request. All records of one request share it.
     */
    request_id: string;
    /**
     * The trace id of the request (W3C Trace Context), also in the service's log lines: said by the caller, or made by the service where the caller said none. Nothing is decided by it. Records of earlier releases do not have it.
     */
    trace_id?: string;
    /**
     * SHA-256 of the exact bytes sent, or ready to be sent, to Galileo; absent where there are none.
     */
    request_sha256?: string;
    /**
     * Who asked, as the verified token says.
     */
    actor: {
        /**
         * The issuer's short name in this deployment (AUTH_ISSUERS).
         */
        issuer: string;
        /**
         * The token's `iss`.
         */
        issuer_url: string;
        /**
         * The token's `sub`.
         */
        subject: string;
        /**
         * The token's client.
         */
        client_id: string;
        /**
         * `app`: the client acted for itself.
         */
        kind: 'user' | 'app';
        /**
         * The token's `jti`, where it has one.
         */
        token_id?: string;
    };
    /**
     * Where from. Nothing is decided by it.
     */
    source: {
        /**
         * The caller's address; null when the platform does not know it.
         */
        address: string | null;
        /**
         * As claimed, shortened.
         */
        user_agent?: string;
        /**
         * As claimed, shortened.
         */
        origin?: string;
    };
    /**
     * What was asked.
     */
    request: {
        /**
         * The route's.
         */
        method: string;
        /**
         * The route's, without a query.
         */
        path: string;
        /**
         * Whom the caller asked to invite. Not in dry runs.
         */
        emails?: Array<string>;
        /**
         * How many well-formed addresses there were.
         */
        email_count: number;
        /**
         * Entries of the list that were left out because they are no acceptable addresses. Never their text.
         */
        malformed?: Array<{
            /**
             * Its place in the caller's list, from 0.
             */
            index: number;
            /**
             * Why it is no acceptable address.
             */
            reason: string;
        }>;
        /**
         * As asked, like all of `request`; see `policy.forced`.
         */
        auth_method: 'email' | 'google' | 'github' | 'okta' | 'azure-ad' | 'custom' | 'saml' | 'invite';
        /**
         * As asked.
         */
        role: 'admin' | 'manager' | 'user' | 'read_only';
        /**
         * As asked: Galileo groups to join.
         */
        group_ids: Array<string>;
        /**
         * As asked.
         */
        send_email: boolean;
        /**
         * SHA-256 of the caller's Idempotency-Key.
         */
        idempotency_key_sha256?: string;
    };
    /**
     * What the policy said, and which policy it was.
     */
    policy: {
        /**
         * SHA-256 of the policy in force, as in the field Policy-Digest.
         */
        digest: string;
        /**
         * On the whole request; in a replay what it would be now, which changed nothing.
         */
        verdict: 'allow' | 'deny';
        /**
         * Grouped by what decided.
         */
        decisions: Array<{
            /**
             * For these addresses.
             */
            decision: 'allow' | 'deny';
            /**
             * The deciding rule or limit; null when no rule of this caller covers them.
             */
            rule: string | null;
            /**
             * Empty when allowed. `no-caller`: the policy does not know this caller. `no-rule`: no rule of this caller covers the address. Otherwise the keys of the rule that failed or hit.
             */
            because: Array<string>;
            /**
             * Where there is more than one decision; a single one is about all of `request.emails`.
             */
            emails?: Array<string>;
            /**
             * How many addresses it is about.
             */
            email_count: number;
        }>;
        /**
         * Values that the policy put in place of the caller's.
         */
        forced: Array<{
            /**
             * The row of `force` in the policy.
             */
            rule: string;
            /**
             * Of the request.
             */
            field: 'auth_method' | 'role' | 'group_ids' | 'send_email';
            /**
             * What was sent instead.
             */
            value: string | boolean | Array<string>;
        }>;
    };
    /**
     * How the request ended; the members depend on `kind`.
     */
    outcome: {
        /**
         * How the request ended.
         */
        result: 'admitted' | 'denied' | 'accepted' | 'refused' | 'not_sent' | 'unknown' | 'replayed' | 'previewed';
        /**
         * The problem code of the answer, where it was a problem.
         */
        code?: string;
        /**
         * The status of the answer to the caller.
         */
        status?: number;
        /**
         * Why it was not sent, or is unknown.
         */
        reason?: string;
        /**
         * The quota that refused.
         */
        quota?: string;
        /**
         * When an intent becomes `unknown` by itself.
         */
        expires_at?: string;
        /**
         * The request whose answer was replayed.
         */
        first_request_id?: string;
        /**
         * The status of the last complete answer of Galileo.
         */
        upstream_status?: number;
        /**
         * Each exchange with Galileo.
         */
        attempts?: Array<{
            /**
             * How the service signed in to Galileo (GALILEO_AUTH). Absent: with an API key.
             */
            scheme?: 'basic' | 'password';
            /**
             * Which of the two Galileo keys; with another scheme always `current`.
             */
            slot: 'current' | 'next';
            /**
             * Distinguishes keys and reveals nothing about them: from a SHA-256 over a label and the key. That of a password is an HMAC under a secret of the ledger, from which the password cannot be guessed.
             */
            key_fingerprint: string;
            /**
             * What is known of the bytes.
             */
            result: 'answered' | 'maybe_sent' | 'not_sent';
            /**
             * Of Galileo's answer, where there was one.
             */
            status?: number;
            /**
             * Why there was none.
             */
            reason?: string;
            /**
             * From the first attempt to send to the end of the answer.
             */
            duration_ms: number;
        }>;
        /**
         * Why Galileo's body was kept from the caller.
         */
        withheld?: string;
        /**
         * `exchange`: the request itself; `sweep`: its intent expired; `reconciliation`: Galileo was asked; `person`.
         */
        settled_by?: 'exchange' | 'sweep' | 'reconciliation' | 'person';
        /**
         * Who settled it: the name that was given on the command line, or over HTTP the `sub` of the token.
         */
        person?: string;
        /**
         * That person's reason.
         */
        note?: string;
        /**
         * Who settled it over HTTP, as the verified token says. `actor` is who asked for the invitation.
         */
        settler?: {
            /**
             * The issuer's short name in this deployment (AUTH_ISSUERS).
             */
            issuer: string;
            /**
             * The token's `iss`.
             */
            issuer_url: string;
            /**
             * The token's `sub`.
             */
            subject: string;
            /**
             * The token's client.
             */
            client_id: string;
            /**
             * `app`: the client acted for itself.
             */
            kind: 'user' | 'app';
            /**
             * The token's `jti`, where it has one.
             */
            token_id?: string;
            /**
             * The X-Request-Id of the request that settled it.
             */
            request_id: string;
            /**
             * That person's address; null when the platform does not know it.
             */
            address: string | null;
        };
        /**
         * What a query of Galileo's users showed.
         */
        evidence?: {
            /**
             * How many of the addresses sent belong to a user that was created after the intent.
             */
            created_after: number;
            /**
             * One for each address that was sent.
             */
            users: Array<{
                /**
                 * An address exactly as given, or `hmac-sha256:` and 64 hex digits (AUDIT_EMAILS).
                 */
                email: string;
                /**
                 * As Galileo says; null when it knows no such user.
                 */
                created_at: string | null;
            }>;
        };
    };
    /**
     * Who wrote this record.
     */
    service: {
        /**
         * What this service is called.
         */
        name: string;
        /**
         * Its release.
         */
        version: string;
        /**
         * What it runs on.
         */
        runtime: string;
        /**
         * Which of its processes.
         */
        instance: string;
    };
}) | {
    /**
     * From 1, over the whole ledger, without gaps.
     */
    seq: number;
    /**
     * Of this record; the same in every repeat.
     */
    id: string;
    /**
     * The machine's clock. It may be earlier than in the record before; `seq` is the order.
     */
    time: string;
    /**
     * `hash` of the record before, 64 zeros for the first.
     */
    prev: string;
    /**
     * SHA-256 over the RFC 8785 text of the record without this member.
     */
    hash: string;
    /**
     * What one subject did in one minute beyond what is recorded whole: it was answered, and only counted.
     */
    kind: 'suppressed';
    /**
     * Who asked, as the verified tokens say.
     */
    actor: {
        /**
         * The issuer's short name in this deployment (AUTH_ISSUERS).
         */
        issuer: string;
        /**
         * The token's `iss`.
         */
        issuer_url: string;
        /**
         * The token's `sub`.
         */
        subject: string;
        /**
         * The token's client.
         */
        client_id: string;
        /**
         * `app`: the client acted for itself.
         */
        kind: 'user' | 'app';
    };
    /**
     * What was asked.
     */
    request: {
        /**
         * The route's.
         */
        method: string;
        /**
         * The route's, without a query.
         */
        path: string;
    };
    /**
     * Which policy decided.
     */
    policy: {
        /**
         * SHA-256 of the policy in force, as in the field Policy-Digest.
         */
        digest: string;
    };
    /**
     * `suppressed` says how the requests ended.
     */
    outcome: {
        result: 'suppressed';
    };
    /**
     * The requests.
     */
    suppressed: {
        /**
         * How many requests have no record of their own.
         */
        count: number;
        /**
         * When the first of them was decided, by the machine's clock.
         */
        from: string;
        /**
         * When the last of them was decided, by the machine's clock.
         */
        to: string;
        /**
         * The X-Request-Id of the first of them.
         */
        first_request_id: string;
        /**
         * The X-Request-Id of the last of them.
         */
        last_request_id: string;
        /**
         * By result, code, and rule or quota, in order of first appearance.
         */
        counts: Array<{
            /**
             * As in `outcome.result` of a record about one request.
             */
            result: 'denied' | 'replayed' | 'previewed';
            /**
             * The problem code of the answers, where they were problems.
             */
            code?: string;
            /**
             * Of a denial by the policy: the deciding rule or limit; null when no rule covered an address.
             */
            rule?: string | null;
            /**
             * The quota that refused.
             */
            quota?: string;
            /**
             * How many requests. A request that several rules denied counts for each of them.
             */
            count: number;
        }>;
        /**
         * How many requests have something that is in none of `counts`, because the list was full.
         */
        uncounted: number;
    };
    /**
     * Who wrote this record.
     */
    service: {
        /**
         * What this service is called.
         */
        name: string;
        /**
         * Its release.
         */
        version: string;
        /**
         * What it runs on.
         */
        runtime: string;
        /**
         * Which of its processes.
         */
        instance: string;
    };
} | {
    /**
     * From 1, over the whole ledger, without gaps.
     */
    seq: number;
    /**
     * Of this record; the same in every repeat.
     */
    id: string;
    /**
     * The machine's clock. It may be earlier than in the record before; `seq` is the order.
     */
    time: string;
    /**
     * `hash` of the record before, 64 zeros for the first.
     */
    prev: string;
    /**
     * SHA-256 over the RFC 8785 text of the record without this member.
     */
    hash: string;
    /**
     * The service, its policy or one of its keys changed. It is about no request.
     */
    kind: 'change';
    /**
     * What changed.
     */
    change: {
        /**
         * The service started; on Workers: a deployed version served first.
         */
        what: 'service_started';
        /**
         * What it runs on, with the version where the platform names one.
         */
        runtime: string;
        /**
         * SHA-256 of the RFC 8785 text of the settings in force, without secrets and without credentials in URLs.
         */
        settings_sha256: string;
    } | {
        /**
         * The service stopped cleanly. It answered its last request before.
         */
        what: 'service_stopped';
    } | {
        /**
         * A policy decides from here on. The ledger keeps it by its digest.
         */
        what: 'policy_taken';
        /**
         * Digest of the policy on record before; null when there was none.
         */
        from: string | null;
        /**
         * Digest of the policy taken, as in the field Policy-Digest.
         */
        to: string;
    } | {
        /**
         * A changed policy has problems and was not taken.
         */
        what: 'policy_refused';
        /**
         * Digest of the policy that stays in force; null when there was none.
         */
        kept: string | null;
        /**
         * How many problems it has. Their text is in no record.
         */
        problems: number;
    } | {
        /**
         * A slot holds another Galileo API key.
         */
        what: 'key_slot_changed';
        /**
         * Which of the two keys.
         */
        slot: 'current' | 'next';
        /**
         * Fingerprint of the key on record before; null when there was none.
         */
        from: string | null;
        /**
         * As `key_fingerprint` of attempts; null when the slot is empty now.
         */
        to: string | null;
    } | {
        /**
         * Checkpoints are signed with another key.
         */
        what: 'checkpoint_key_changed';
        /**
         * `key_id` on record before; null when checkpoints were not signed.
         */
        from: string | null;
        /**
         * `key_id` of the signatures from here on; null when there are none.
         */
        to: string | null;
    } | {
        /**
         * The ledger was restored from a backup, which ends at the record before.
         */
        what: 'restored';
        /**
         * How many records the backup holds.
         */
        records: number;
        /**
         * `hash` of the last record of the backup.
         */
        head: string;
        /**
         * `time` of that record; null when the backup has none.
         */
        backup_time: string | null;
    };
    /**
     * Who wrote this record.
     */
    service: {
        /**
         * What this service is called.
         */
        name: string;
        /**
         * Its release.
         */
        version: string;
        /**
         * What it runs on.
         */
        runtime: string;
        /**
         * Which of its processes.
         */
        instance: string;
    };
} | {
    /**
     * From 1, over the whole ledger, without gaps.
     */
    seq: number;
    /**
     * Of this record; the same in every repeat.
     */
    id: string;
    /**
     * The machine's clock. It may be earlier than in the record before; `seq` is the order.
     */
    time: string;
    /**
     * `hash` of the record before, 64 zeros for the first.
     */
    prev: string;
    /**
     * SHA-256 over the RFC 8785 text of the record without this member.
     */
    hash: string;
    /**
     * Who read the trail, or other callers' requests, in one minute. It is about no single request.
     */
    kind: 'read';
    /**
     * Who read, as the verified tokens say. Absent in the record about all readers of a minute beyond the limit.
     */
    actor?: {
        /**
         * The issuer's short name in this deployment (AUTH_ISSUERS).
         */
        issuer: string;
        /**
         * The token's `iss`.
         */
        issuer_url: string;
        /**
         * The token's `sub`.
         */
        subject: string;
        /**
         * The token's client.
         */
        client_id: string;
        /**
         * `app`: the client acted for itself.
         */
        kind: 'user' | 'app';
    };
    /**
     * What was read.
     */
    read: {
        /**
         * How many reads were answered.
         */
        count: number;
        /**
         * By what was read, in order of first appearance.
         */
        counts: Array<{
            /**
             * `trail`: GET /audit/records; `search`: POST /audit/search; `counts`: POST /audit/counts; `requests`: GET /v2/invite_requests; `request`: GET /v2/invite_requests/{id}; `policy`: GET /audit/policies/{digest}.
             */
            what: 'trail' | 'search' | 'counts' | 'requests' | 'request' | 'policy';
            /**
             * How many.
             */
            count: number;
        }>;
        /**
         * How many records, or requests, the answers held; an empty answer holds none.
         */
        records: number;
        /**
         * The lowest `seq` of a record that was given out; absent when there was none.
         */
        first_seq?: number;
        /**
         * The highest.
         */
        last_seq?: number;
        /**
         * Which filters the searches used, in order of first appearance. Their values are in no record.
         */
        filters: Array<'request_id' | 'trace_id' | 'subject' | 'client_id' | 'email' | 'kind' | 'outcome' | 'rule' | 'from' | 'to'>;
        /**
         * When the first of them was answered, by the machine's clock.
         */
        from: string;
        /**
         * When the last of them was answered, by the machine's clock.
         */
        to: string;
    };
    /**
     * Who wrote this record.
     */
    service: {
        /**
         * What this service is called.
         */
        name: string;
        /**
         * Its release.
         */
        version: string;
        /**
         * What it runs on.
         */
        runtime: string;
        /**
         * Which of its processes.
         */
        instance: string;
    };
};

/**
 * What must hold of a record. Without any filter: every record.
 */
export type AuditSearch = {
    /**
     * The X-Request-Id of a request: everything on record about it.
     */
    request_id?: string;
    /**
     * A trace id from a log line: the records of all requests that came with it.
     */
    trace_id?: string;
    /**
     * The caller's `sub`, exact.
     */
    subject?: string;
    /**
     * The caller's client, exact.
     */
    client_id?: string;
    /**
     * An invited address, case ignored; or the form the trail has it in.
     */
    email?: string;
    /**
     * The kind of record; `change` finds what changed in the service.
     */
    kind?: 'denial' | 'intent' | 'outcome' | 'replay' | 'dry_run' | 'reconciliation' | 'suppressed' | 'change' | 'read';
    /**
     * `outcome.result`.
     */
    outcome?: 'admitted' | 'denied' | 'accepted' | 'refused' | 'not_sent' | 'unknown' | 'replayed' | 'previewed' | 'suppressed';
    /**
     * A rule or limit that decided about at least one address.
     */
    rule?: string;
    /**
     * Records of this time and later.
     */
    from?: string;
    /**
     * Records before this time.
     */
    to?: string;
    /**
     * Only records behind this `seq`: the last `seq` or `scanned_to` you got.
     */
    after?: number;
    /**
     * At most so many lines.
     */
    limit?: number;
};

/**
 * Where the audit trail is, and how far it is proven and delivered.
 */
export type AuditStatus = {
    /**
     * The policy that decides now, as in `policy.digest` of records.
     */
    policy_digest: string;
    /**
     * The records up to this `seq` were dropped for their age; 0: none was.
     */
    dropped_to: number;
    /**
     * The `seq` of the last record; 0: there is none.
     */
    last_seq: number;
    /**
     * The `hash` of that record.
     */
    head: string;
    /**
     * The service verified every record up to this `seq` before it made the last checkpoint.
     */
    verified_to: number;
    checkpoint: {
        /**
         * The `seq` of the last record that it covers.
         */
        count: number;
        made_at: string;
    } | null;
    fault: {
        /**
         * The record at which the trail is not what the service wrote.
         */
        seq: number;
        reason: string;
    } | null;
    /**
     * Every sink of the trail.
     */
    sinks: Array<{
        sink: string;
        /**
         * Records that it has not acknowledged. On Workers: that are not in its Queue yet.
         */
        backlog_records: number;
        /**
         * Seconds since the oldest of them was written.
         */
        lag_s: number;
    }>;
};

/**
 * The answer to `?dry_run=true`: nothing was sent, nothing was counted.
 */
export type DryRun = {
    dry_run: true;
    /**
     * What the request would get, were it sent now.
     */
    decision: 'allow' | 'deny';
    refused_by: 'policy' | 'quota' | null;
    quota: string | null;
    decisions: Array<AddressDecision | MalformedEntry>;
    /**
     * Values that the policy sets whatever you ask for.
     */
    forced: Array<{
        rule: string;
        field: 'auth_method' | 'role' | 'group_ids' | 'send_email';
        value: string | boolean | Array<string>;
    }>;
    quotas: Array<{
        quota: string;
        unit: 'emails' | 'requests';
        limit: number;
        /**
         * Left now.
         */
        before: number;
        /**
         * Left if this were sent.
         */
        after: number;
        /**
         * Seconds until the window ends.
         */
        reset_s: number;
    }>;
    /**
     * What would be sent to Galileo.
     */
    body: InviteUsersRequest;
};

/**
 * Galileo's shape of a 422: the first 50 errors at once, in the order of the model's fields.
 */
export type InvalidRequest = {
    detail: Array<ValidationError>;
    /**
     * How many errors `detail` leaves out; absent when it lists all of them.
     */
    omitted?: number;
    code: 'invalid_request';
    origin: 'proxy';
    /**
     * The X-Request-Id of the answer (UUIDv7). Quote it when you ask about a request; the audit trail knows it too.
     */
    request_id: string;
    /**
     * The trace of the request (W3C Trace Context): yours, where you sent a `traceparent` that can be read, else a new one. The log of this service and the audit trail know it too.
     */
    trace_id?: string;
};

/**
 * What you may do now, rule by rule, from the same functions that decide real requests.
 */
export type InvitePolicy = {
    digest: string;
    rules: Array<{
        id: string;
        /**
         * `*.acme.com` is every sub-domain of acme.com, and not acme.com itself.
         */
        domains: Array<string>;
        emails: Array<string>;
        roles: Array<'admin' | 'manager' | 'user' | 'read_only'>;
        auth_methods: Array<'email' | 'google' | 'github' | 'okta' | 'azure-ad' | 'custom' | 'saml' | 'invite'>;
        /**
         * Empty: no group may be asked for.
         */
        groups: 'any' | Array<{
            id: string;
            name: string | null;
        }>;
        until: string | null;
        note: string | null;
    }>;
    forced: Array<{
        id: string;
        /**
         * `*.acme.com` is every sub-domain of acme.com, and not acme.com itself.
         */
        domains: Array<string>;
        emails: Array<string>;
        auth_method?: 'email' | 'google' | 'github' | 'okta' | 'azure-ad' | 'custom' | 'saml' | 'invite';
        role?: 'admin' | 'manager' | 'user' | 'read_only';
        groups?: Array<{
            id: string;
            name: string | null;
        }>;
        send_email?: boolean;
    }>;
    limits: Array<{
        id: string;
        per: 'request' | 'subject' | 'client_id' | 'issuer' | 'org' | 'invitee';
        unit: 'emails' | 'requests';
        limit: number;
        window_s: number | null;
    }>;
    /**
     * Where the operators let this service look groups up in Galileo: how good the names are that the policy itself does not give. `looked_up`: as in Galileo; a null is a group that Galileo does not list, or whose name cannot be shown. `outdated`: as they were when Galileo last answered. `incomplete`: Galileo has more groups than are read. `unavailable`: Galileo did not answer, so names are missing. It changes nothing about invites.
     */
    group_names?: 'looked_up' | 'outdated' | 'incomplete' | 'unavailable';
    quotas: Array<{
        quota: string;
        unit: 'emails' | 'requests';
        limit: number;
        window_s: number;
        remaining: number;
        /**
         * Seconds until the window ends.
         */
        reset_s: number;
    }>;
};

/**
 * A decided request.
 */
export type InviteRequest = {
    /**
     * The X-Request-Id it was answered with.
     */
    id: string;
    /**
     * The trace it came with (W3C Trace Context), or was given. Absent in requests of earlier releases.
     */
    trace_id?: string;
    /**
     * `open`: not ended yet. `unknown`: it may or may not have been done.
     */
    state: 'open' | 'accepted' | 'refused' | 'not_sent' | 'unknown' | 'denied';
    requested_at: string | null;
    settled_at: string | null;
    expires_at: string | null;
    /**
     * Who asked, as the audit record has it. Null: see `unreadable`.
     */
    actor: RecordedActor | null;
    /**
     * What was asked, as the audit record has it. Null: see `unreadable`.
     */
    request: RecordedRequest | null;
    /**
     * SHA-256 of the bytes for Galileo.
     */
    request_sha256?: string;
    /**
     * What the policy decided, and which policy it was (digest). Null: see `unreadable`.
     */
    policy: RecordedPolicy | null;
    /**
     * What came of it: `result`, and code, status and reason where they apply. `attempts` and `settler` are for `audit:read` alone. Null: see `unreadable`; `state` still holds.
     */
    outcome: RecordedOutcome | null;
    /**
     * The parts of this request that are stored but damaged: the audit record of the decision or of the outcome, or the state or a time of the request (`state` is then what the records prove, or `unknown`; the time is null). Absent when all is readable. The operators have a log line about it.
     */
    unreadable?: Array<'decision' | 'outcome' | 'state'>;
    /**
     * The story of the request, in the order of the records: what was asked, what the policy decided, how it ended, who settled it, and the newest repeats with its Idempotency-Key. Only in the answer about one request.
     */
    events?: Array<{
        at: string | null;
        /**
         * Stable. More may come.
         */
        event: 'asked' | 'policy_decided' | 'values_forced' | 'admitted' | 'denied' | 'galileo_asked' | 'accepted' | 'refused' | 'not_sent' | 'became_unknown' | 'users_looked_up' | 'settled' | 'replayed' | 'previewed' | 'unreadable';
        /**
         * Sentences for people, with times in UTC.
         */
        message: string;
    }>;
    /**
     * How many repeats with its Idempotency-Key are not among `events`.
     */
    replays_left_out?: number;
};

export type InviteRequestPage = {
    /**
     * Newest first.
     */
    requests: Array<InviteRequest>;
    next: string | null;
};

/**
 * InviteUsersRequest
 *
 * Galileo's own request. Stricter here: unknown fields, repeated addresses and coercible values are refused.
 */
export type InviteUsersRequest = {
    auth_method?: AuthMethod;
    /**
     * Emails
     *
     * Whom to invite: plain ASCII addresses such as ann@acme.com, each once (case is ignored), sent on exactly as given.
     */
    emails: Array<string>;
    role?: UserRole;
    /**
     * Group Ids
     *
     * Galileo groups to join: version 4 UUIDs in their dashed form.
     */
    group_ids?: Array<string>;
    /**
     * Send Email
     */
    send_email?: boolean;
};

/**
 * An entry of your list that is no acceptable address, left out by `Prefer: handling=lenient`.
 */
export type MalformedEntry = {
    /**
     * Its place in your list, from 0.
     */
    index: number;
    decision: 'deny';
    /**
     * Stable. Why it is no acceptable address.
     */
    reason: 'empty' | 'several_addresses' | 'more_than_address' | 'no_at_sign' | 'not_ascii' | 'local_part' | 'domain' | 'too_long' | 'malformed' | 'repeated';
    /**
     * For people: what to change. Repeats nothing of the entry.
     */
    message: string;
};

/**
 * The answer to `Prefer: handling=lenient` when some addresses were sent and others left out.
 */
export type PartlySent = {
    /**
     * The addresses that went to Galileo.
     */
    sent: Array<string>;
    /**
     * The others, each with its reason. An entry that is no acceptable address has its place in your list.
     */
    refused: Array<AddressDecision | MalformedEntry>;
    /**
     * Galileo's answer for those that were sent; null when it was empty.
     */
    upstream: unknown;
};

/**
 * RFC 9457: every refusal but the list of validation errors.
 */
export type Problem = {
    type: 'about:blank';
    title: string;
    status: number;
    /**
     * What happened and what to do, for people: it can be shown as it is.
     */
    detail: string;
    /**
     * Stable. Branch on this.
     */
    code: 'malformed_request' | 'idempotency_key_missing' | 'idempotency_key_malformed' | 'missing_token' | 'invalid_token' | 'insufficient_scope' | 'person_required' | 'policy_denied' | 'not_found' | 'method_not_allowed' | 'request_timeout' | 'idempotency_in_flight' | 'already_settled' | 'still_open' | 'body_too_large' | 'unsupported_media_type' | 'header_fields_too_large' | 'idempotency_key_reused' | 'quota_exhausted' | 'upstream_rate_limited' | 'upstream_refused' | 'internal_error' | 'upstream_credentials_rejected' | 'upstream_error' | 'upstream_response_withheld' | 'ledger_unavailable' | 'identity_keys_unavailable' | 'upstream_unavailable' | 'overloaded' | 'outcome_unknown';
    /**
     * Who refused: this service, the org policy, one of its quotas, or Galileo.
     */
    origin: 'proxy' | 'policy' | 'quota' | 'upstream';
    /**
     * The X-Request-Id of the answer (UUIDv7). Quote it when you ask about a request; the audit trail knows it too.
     */
    request_id: string;
    /**
     * The trace of the request (W3C Trace Context): yours, where you sent a `traceparent` that can be read, else a new one. The log of this service and the audit trail know it too.
     */
    trace_id?: string;
    /**
     * What became of an admitted request. `unknown`: it may have been done; do not simply repeat it.
     */
    outcome?: 'refused' | 'not_sent' | 'unknown' | 'accepted';
    /**
     * Where the policy or a quota per invitee refused: address by address.
     */
    decisions?: Array<AddressDecision | MalformedEntry>;
    /**
     * The quota that is exhausted.
     */
    quota?: string;
    /**
     * Galileo's own list of errors, where it sent one.
     */
    errors?: Array<{
        type: string;
        loc: Array<string | number>;
        msg: string;
        [key: string]: unknown;
    }>;
    /**
     * How many errors `errors` leaves out; absent when it lists all of them.
     */
    omitted?: number;
};

/**
 * How a request with an unknown outcome ended, and how you know.
 */
export type Settlement = {
    /**
     * `accepted`: Galileo has the people. `refused`: it does not have them, and will not.
     */
    outcome: 'accepted' | 'refused';
    /**
     * How you know: one line of 1 to 500 characters without a mail address. It stays in the audit trail.
     */
    note: string;
};

/**
 * AuthMethod
 */
export type AuthMethod = 'email' | 'google' | 'github' | 'okta' | 'azure-ad' | 'custom' | 'saml' | 'invite';

/**
 * UserRole
 */
export type UserRole = 'admin' | 'manager' | 'user' | 'read_only';

export type ValidationError = {
    /**
     * The names of pydantic v2, as Galileo's own 422 has them.
     */
    type: 'missing' | 'list_type' | 'too_short' | 'string_type' | 'enum' | 'uuid_type' | 'uuid_parsing' | 'uuid_version' | 'bool_type' | 'bool_parsing' | 'model_attributes_type' | 'extra_forbidden' | 'json_invalid' | 'value_error';
    /**
     * Where: `body` or `query`, then field names and your own indices. A name of more than 100 characters is shortened, and an invisible character in it is written as its code point.
     */
    loc: Array<string | number>;
    /**
     * For people. Repeats no value of yours.
     */
    msg: string;
};

/**
 * Who asked, as the verified token says.
 */
export type RecordedActor = {
    /**
     * The issuer's short name in this deployment (AUTH_ISSUERS).
     */
    issuer: string;
    /**
     * The token's `iss`.
     */
    issuer_url: string;
    /**
     * The token's `sub`.
     */
    subject: string;
    /**
     * The token's client.
     */
    client_id: string;
    /**
     * `app`: the client acted for itself.
     */
    kind: 'user' | 'app';
    /**
     * The token's `jti`, where it has one.
     */
    token_id?: string;
};

/**
 * What was asked.
 */
export type RecordedRequest = {
    /**
     * The route's.
     */
    method: string;
    /**
     * The route's, without a query.
     */
    path: string;
    /**
     * Whom the caller asked to invite. Not in dry runs.
     */
    emails?: Array<string>;
    /**
     * How many well-formed addresses there were.
     */
    email_count: number;
    /**
     * Entries of the list that were left out because they are no acceptable addresses. Never their text.
     */
    malformed?: Array<{
        /**
         * Its place in the caller's list, from 0.
         */
        index: number;
        /**
         * Why it is no acceptable address.
         */
        reason: string;
    }>;
    /**
     * As asked, like all of `request`; see `policy.forced`.
     */
    auth_method: 'email' | 'google' | 'github' | 'okta' | 'azure-ad' | 'custom' | 'saml' | 'invite';
    /**
     * As asked.
     */
    role: 'admin' | 'manager' | 'user' | 'read_only';
    /**
     * As asked: Galileo groups to join.
     */
    group_ids: Array<string>;
    /**
     * As asked.
     */
    send_email: boolean;
    /**
     * SHA-256 of the caller's Idempotency-Key.
     */
    idempotency_key_sha256?: string;
};

/**
 * What the policy said, and which policy it was.
 */
export type RecordedPolicy = {
    /**
     * SHA-256 of the policy in force, as in the field Policy-Digest.
     */
    digest: string;
    /**
     * On the whole request; in a replay what it would be now, which changed nothing.
     */
    verdict: 'allow' | 'deny';
    /**
     * Grouped by what decided.
     */
    decisions: Array<{
        /**
         * For these addresses.
         */
        decision: 'allow' | 'deny';
        /**
         * The deciding rule or limit; null when no rule of this caller covers them.
         */
        rule: string | null;
        /**
         * Empty when allowed. `no-caller`: the policy does not know this caller. `no-rule`: no rule of this caller covers the address. Otherwise the keys of the rule that failed or hit.
         */
        because: Array<string>;
        /**
         * Where there is more than one decision; a single one is about all of `request.emails`.
         */
        emails?: Array<string>;
        /**
         * How many addresses it is about.
         */
        email_count: number;
    }>;
    /**
     * Values that the policy put in place of the caller's.
     */
    forced: Array<{
        /**
         * The row of `force` in the policy.
         */
        rule: string;
        /**
         * Of the request.
         */
        field: 'auth_method' | 'role' | 'group_ids' | 'send_email';
        /**
         * What was sent instead.
         */
        value: string | boolean | Array<string>;
    }>;
};

/**
 * How the request ended; the members depend on `kind`.
 */
export type RecordedOutcome = {
    /**
     * How the request ended.
     */
    result: 'admitted' | 'denied' | 'accepted' | 'refused' | 'not_sent' | 'unknown' | 'replayed' | 'previewed';
    /**
     * The problem code of the answer, where it was a problem.
     */
    code?: string;
    /**
     * The status of the answer to the caller.
     */
    status?: number;
    /**
     * Why it was not sent, or is unknown.
     */
    reason?: string;
    /**
     * The quota that refused.
     */
    quota?: string;
    /**
     * When an intent becomes `unknown` by itself.
     */
    expires_at?: string;
    /**
     * The request whose answer was replayed.
     */
    first_request_id?: string;
    /**
     * The status of the last complete answer of Galileo.
     */
    upstream_status?: number;
    /**
     * Each exchange with Galileo.
     */
    attempts?: Array<{
        /**
         * How the service signed in to Galileo (GALILEO_AUTH). Absent: with an API key.
         */
        scheme?: 'basic' | 'password';
        /**
         * Which of the two Galileo keys; with another scheme always `current`.
         */
        slot: 'current' | 'next';
        /**
         * Distinguishes keys and reveals nothing about them: from a SHA-256 over a label and the key. That of a password is an HMAC under a secret of the ledger, from which the password cannot be guessed.
         */
        key_fingerprint: string;
        /**
         * What is known of the bytes.
         */
        result: 'answered' | 'maybe_sent' | 'not_sent';
        /**
         * Of Galileo's answer, where there was one.
         */
        status?: number;
        /**
         * Why there was none.
         */
        reason?: string;
        /**
         * From the first attempt to send to the end of the answer.
         */
        duration_ms: number;
    }>;
    /**
     * Why Galileo's body was kept from the caller.
     */
    withheld?: string;
    /**
     * `exchange`: the request itself; `sweep`: its intent expired; `reconciliation`: Galileo was asked; `person`.
     */
    settled_by?: 'exchange' | 'sweep' | 'reconciliation' | 'person';
    /**
     * Who settled it: the name that was given on the command line, or over HTTP the `sub` of the token.
     */
    person?: string;
    /**
     * That person's reason.
     */
    note?: string;
    /**
     * Who settled it over HTTP, as the verified token says. `actor` is who asked for the invitation.
     */
    settler?: {
        /**
         * The issuer's short name in this deployment (AUTH_ISSUERS).
         */
        issuer: string;
        /**
         * The token's `iss`.
         */
        issuer_url: string;
        /**
         * The token's `sub`.
         */
        subject: string;
        /**
         * The token's client.
         */
        client_id: string;
        /**
         * `app`: the client acted for itself.
         */
        kind: 'user' | 'app';
        /**
         * The token's `jti`, where it has one.
         */
        token_id?: string;
        /**
         * The X-Request-Id of the request that settled it.
         */
        request_id: string;
        /**
         * That person's address; null when the platform does not know it.
         */
        address: string | null;
    };
    /**
     * What a query of Galileo's users showed.
     */
    evidence?: {
        /**
         * How many of the addresses sent belong to a user that was created after the intent.
         */
        created_after: number;
        /**
         * One for each address that was sent.
         */
        users: Array<{
            /**
             * An address exactly as given, or `hmac-sha256:` and 64 hex digits (AUDIT_EMAILS).
             */
            email: string;
            /**
             * As Galileo says; null when it knows no such user.
             */
            created_at: string | null;
        }>;
    };
};
