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
