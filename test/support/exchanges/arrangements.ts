/** What must hold before the request of each example is sent, so that the service gives this answer. */
import type { GalileoStep } from '../../../dev/galileo-steps.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { HEADER_LIMIT_BYTES } from '../../../src/lib/http/header-limit.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import type { ExampleExchange, OperationId } from '../../../src/openapi/examples/exchange.ts';
import { DOCUMENT_DIGEST, INVITE_ID, INVITE_TRACE_ID } from '../../../src/openapi/examples/ids.ts';
import type { Schedule } from '../../../src/ports/schedule.ts';
import type { ServicePorts } from '../../../src/service.ts';
import type { InviteOptions, TestService, TestServiceOptions } from '../service.ts';
import { UNREACHABLE } from '../tokens.ts';

type Claims = Readonly<Record<string, unknown>>;
/** What stands in the example, and what it is in the test. */
type Real = Readonly<Record<string, string>>;

export interface Arrangement {
  readonly options?: TestServiceOptions;
  /** Claims of the token, in place of those that may do what the operation does. */
  readonly claims?: Claims;
  /** Runs before the request is sent. */
  readonly before?: (service: TestService) => Promise<Real | undefined>;
  /** Runs after the answer, so that nothing is left open. */
  readonly after?: (service: TestService) => Promise<void>;
  /** Adds to the request what its `also` says. */
  readonly also?: (init: RequestInit, path: string) => RequestInit;
}

/** A new one for each call: some keep what happened before the request. */
export function arrange({ operationId, name, answer }: ExampleExchange): Arrangement {
  const claims = CLAIMS[operationId];
  const keys = [`${operationId} ${name} ${answer.status}`, `${operationId} ${name}`, name];
  const own = keys.map((key) => ARRANGEMENTS[key]).find((found) => found !== undefined);
  return { ...(claims === undefined ? {} : { claims }), ...own?.() };
}

const AUDITOR = { sub: 'audit-desk', client_id: 'audit-desk', scope: 'audit:read' };

const CLAIMS: Readonly<Partial<Record<OperationId, Claims>>> = {
  settleInviteRequest: { sub: 'kim', client_id: 'it-desk', scope: 'invites:settle' },
  getAuditRecords: AUDITOR,
  searchAuditRecords: AUDITOR,
  countAuditRecords: AUDITOR,
  getAuditStatus: AUDITOR,
  getAuditPolicy: AUDITOR,
};

const ANN = { emails: ['ann@acme.com'] };
const KEY = { 'Idempotency-Key': '5b0d7b2e-4c8f-4a57-9a53-1f6f8f1f2c11' };
const GONE: GalileoStep = { kind: 'hangup', when: 'after_body' };

/** A schedule on which every timer fires at once. */
const AT_ONCE: Schedule = {
  after(_, task) {
    queueMicrotask(task);
    return () => undefined;
  },
};

/** Galileo answers the request with this. */
const galileo = (step: GalileoStep) => (): Arrangement => ({
  before: async (service) => {
    service.galileo.script(step);
    return undefined;
  },
});

const refusing = (status: number, body: unknown) => galileo({ kind: 'answer', status, body });

async function invite(service: TestService, options: InviteOptions = {}, body: unknown = ANN): Promise<Real> {
  const response = await service.invite(body, { ...options, token: await service.token({ jti: 'token-1' }) });
  const requestId = response.headers.get('X-Request-Id') ?? '';
  const records = await service.records();
  const traceId = records.find((record) => record.request_id === requestId)?.trace_id ?? '';
  return { [INVITE_ID]: requestId, [INVITE_TRACE_ID]: traceId };
}

/** An invite was accepted before. */
const invited = (): Arrangement => ({ before: async (service) => await invite(service, { headers: KEY }) });

/** Nobody knows what became of an invite. */
async function inviteAndLose(service: TestService): Promise<Real> {
  service.galileo.script(GONE);
  return await invite(service, { headers: KEY });
}

const unknown = (): Arrangement => ({ before: inviteAndLose });

async function settle(service: TestService, id: string | undefined, outcome: 'accepted' | 'refused'): Promise<void> {
  const response = await service.request(`/v2/invite_requests/${id}/settlement`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await service.token(CLAIMS.settleInviteRequest)}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ outcome, note: 'looked it up' }),
  });
  if (response.status !== 200) throw new Error(`it is not settled: ${response.status}`);
}

/** An invite is under way until the answer was compared. */
function underWay(): Arrangement {
  const released = Promise.withResolvers<void>();
  let first: Promise<unknown> = Promise.resolve();
  return {
    async before(service) {
      service.galileo.script({ kind: 'answer', status: 200, body: { invited: 1 }, after: released.promise });
      first = service.invite(ANN, { headers: KEY });
      await service.galileo.arrived(1);
      const [intent] = await service.records();
      return { [INVITE_ID]: intent?.request_id ?? '' };
    },
    async after() {
      released.resolve();
      await first;
    },
  };
}

/** Nothing of the trail matches, and it does not end. */
const endlessTrail = (): Arrangement => ({
  options: {
    wrapLedger: (ledger) => ({
      ...ledger,
      search: async ({ after }) => ({ records: [], scannedTo: after + 1, done: false, unreadable: [] }),
    }),
  },
});

const brokenLedger = (): Arrangement => ({
  options: {
    wrapLedger: (ledger) => {
      const fail = () => Promise.reject(new Error('disk full'));
      return {
        ...ledger,
        admit: fail,
        usage: fail,
        list: fail,
        find: fail,
        findPolicy: fail,
        records: fail,
        search: fail,
        chain: fail,
      };
    },
  },
});

/** The service has this trouble from the request on. Before that, the test has read /openapi.json. */
function impaired(deps: (isImpaired: () => boolean) => Partial<ServicePorts>): Arrangement {
  let isImpaired = false;
  return {
    options: { deps: deps(() => isImpaired) },
    async before(service) {
      await service.request('/livez');
      isImpaired = true;
      return undefined;
    },
  };
}

const withBody = (body: BodyInit) => (): Arrangement => ({ also: (init) => ({ ...init, body }) });

/** The policy that the trail has kept. */
const KEPT = canonicalJson({ version: 1, callers: {}, rules: [] });

function keptPolicy(): Arrangement {
  let kept: Ledger | undefined;
  return {
    options: {
      wrapLedger: (ledger) => {
        kept = ledger;
        return ledger;
      },
    },
    async before() {
      const digest = sha256Hex(KEPT);
      const service = { name: 'galileo-invite-proxy', version: '0', runtime: 'test', instance: 'one' };
      const change = { what: 'policy_taken', to: digest, document: KEPT } as const;
      await kept?.recordChanges([{ change, seen: 'changed', service }]);
      return { [DOCUMENT_DIGEST]: digest };
    },
  };
}

/** So many bytes that the sentence has the same number for every token. */
const TOO_MANY_BYTES = HEADER_LIMIT_BYTES + 1000;

function tooLarge(init: RequestInit, path: string): RequestInit {
  const headers = { ...(init.headers as Readonly<Record<string, string>>), Cookie: '' };
  const rest = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    path.length,
  );
  return { ...init, headers: { ...headers, Cookie: 'a'.repeat(TOO_MANY_BYTES - rest) } };
}

/** By operation and name, or by the name alone. An exchange that is not here needs nothing. */
const ARRANGEMENTS: Readonly<Record<string, () => Arrangement>> = {
  // Refusals that every operation can give.
  malformed_request: withBody(new Uint8Array([0x7b, 0xff])),
  insufficient_scope: () => ({ claims: { scope: 'other' } }),
  header_fields_too_large: () => ({ also: tooLarge }),
  internal_error: () =>
    impaired((isImpaired) => ({
      clientAddress: () => {
        if (isImpaired()) throw new Error('not expected');
        return null;
      },
    })),
  identity_keys_unavailable: () => ({
    before: async (service) => {
      service.documents.trouble = UNREACHABLE;
      return undefined;
    },
  }),
  overloaded: () => impaired((isFull) => ({ answersInFlight: { isFull } })),
  ledger_unavailable: brokenLedger,
  request_timeout: () => ({
    options: { deps: { schedule: AT_ONCE } },
    also: (init) => ({ ...init, body: new ReadableStream(), duplex: 'half' }) as RequestInit,
  }),
  body_too_large: withBody('a'.repeat(65_537)),

  // Invitations
  'inviteUsers no_content': galileo({ kind: 'answer', status: 204, body: '' }),
  'inviteUsers repeated': invited,
  'inviteUsers settled': () => ({
    async before(service) {
      const real = await inviteAndLose(service);
      await settle(service, real[INVITE_ID], 'accepted');
      return real;
    },
  }),
  'inviteUsers idempotency_key_missing': () => ({ options: { settings: { IDEMPOTENCY: 'required' } } }),
  'inviteUsers idempotency_in_flight': underWay,
  'inviteUsers idempotency_key_reused': invited,
  'inviteUsers quota_exhausted': () => ({
    async before(service) {
      const crowd = (batch: number) => Array.from({ length: 50 }, (_, n) => `a${batch}-${n}@acme.com`);
      for (let batch = 0; batch < 10; batch += 1) await service.invite({ emails: crowd(batch) });
      service.clock.advance((10 * 60 + 4) * 60_000);
      return undefined;
    },
  }),
  'inviteUsers upstream_rate_limited': galileo({
    kind: 'answer',
    status: 429,
    headers: { 'retry-after': '30' },
    body: { detail: 'Too many requests' },
  }),
  'inviteUsers upstream_refused 400': refusing(400, {
    detail: 'Auth method okta is not enabled for this organization.',
  }),
  'inviteUsers upstream_refused 403': refusing(403, { detail: 'Inviting this person is not permitted.' }),
  'inviteUsers upstream_refused 404': refusing(404, { detail: 'Group not found.' }),
  'inviteUsers upstream_refused 409': refusing(409, { detail: 'User already exists.' }),
  'inviteUsers upstream_refused 422': refusing(422, {
    detail: [
      { type: 'value_error', loc: ['body', 'emails', 0], msg: 'value is not a valid email address', input: 'x' },
    ],
  }),
  'inviteUsers upstream_credentials_rejected': () => ({ options: { acceptedKeys: ['another-key-entirely-1'] } }),
  'inviteUsers upstream_error': refusing(500, { detail: 'Internal Server Error' }),
  'inviteUsers upstream_response_withheld': galileo({ kind: 'echo', status: 200, shape: 'success' }),
  'inviteUsers upstream_unavailable': () => ({ options: { settings: { GALILEO_API_URL: 'http://127.0.0.1:1' } } }),
  'inviteUsers outcome_unknown': galileo(GONE),

  // Reading
  'getInvitePolicy permitted': invited,
  'listInviteRequests two_requests': () => ({
    async before(service) {
      const real = await invite(service);
      await invite(service, {}, { emails: ['eve@rival.io'] });
      return real;
    },
  }),
  'listInviteRequests own': () => ({ before: async (service) => await invite(service) }),
  'getInviteRequest accepted': invited,
  'getInviteRequest unknown': unknown,
  // Settling
  'settleInviteRequest accepted': unknown,
  'settleInviteRequest refused': unknown,
  'settleInviteRequest person_required': () => ({
    claims: { sub: 'it-desk', client_id: 'it-desk', scope: 'invites:settle' },
  }),
  'settleInviteRequest already_settled': invited,
  'settleInviteRequest still_open': underWay,

  // The trail
  'getAuditRecords one_invite': invited,
  'searchAuditRecords person': invited,
  'searchAuditRecords request': invited,
  'searchAuditRecords trace': invited,
  'countAuditRecords one_day': invited,
  'countAuditRecords cut_short': endlessTrail,
  'getAuditStatus young': invited,
  'searchAuditRecords cut_short': endlessTrail,
  'getAuditPolicy kept': keptPolicy,

  // The service
  'getReadiness not_ready': () => ({ options: { deps: { draining: () => true } } }),
};
