/** The package: what it exports, and nothing else. */
export type {
  AddressDecision,
  AuthMethod,
  DryRun,
  InvitePolicy,
  InviteRequest,
  InviteRequestPage,
  InviteUsersRequest,
  MalformedEntry,
  UserRole,
} from './api-types.ts';
export type { Batch, BatchOptions, BatchPlan, BatchStep, SharedRequest } from './batches.ts';
export { planBatches } from './batches.ts';
export { firstOpinion } from './addresses/first-opinion.ts';
export type { FirstOpinion } from './addresses/first-opinion.ts';
export { createIdempotencyKey } from './calls/idempotency-key.ts';
export { createInviteClient } from './invite-client.ts';
export type { CallOptions, InviteClientOptions } from './calls/call-deps.ts';
export type { DryRunOptions, InviteClient, InviteOptions, ListOptions, WaitOptions } from './invite-client.ts';
export { parseAddresses } from './addresses/parse-addresses.ts';
export type { ListedText, ParsedAddresses, RejectedText } from './addresses/parse-addresses.ts';
export {
  InvalidRequest,
  InviteProblem,
  OutcomeUnknown,
  PolicyDenied,
  QuotaExhausted,
  ServiceUnreachable,
} from './problems.ts';
export type { InvalidPlace, KnownOutcome, ProblemFacts } from './problems.ts';
export type { QuotaLeft, Sent } from './sent.ts';
export type { Traceparent } from './calls/traceparent.ts';
export { forcedFor, isAimedAt } from './addresses/visible-policy.ts';
export type { ForcedValues } from './addresses/visible-policy.ts';
export type { Delay } from './calls/waiting.ts';
