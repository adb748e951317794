/**
 * Evaluates the shadow policy for a request that the policy in force has already decided, and logs and counts where the
 * two decisions differ. Invariant: it never affects the request. It returns nothing, it is not awaited, and an
 * exception in here is only counted and logged. Log lines contain rules and counts, never addresses.
 */
import { thrownName } from '../lib/thrown.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { Decision } from '../policy/decision.ts';
import { decide } from '../policy/evaluate.ts';
import type { Divergence } from '../policy/shadow.ts';
import { divergences } from '../policy/shadow.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { InviteCall } from './call.ts';

export interface CompareShadowDeps {
  /** Left out when there is no shadow policy. */
  readonly shadowPolicy?: { current(): CompiledPolicy } | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export const SHADOW_RESULTS = ['same', 'divergent', 'failed'] as const;

/** The most log lines for one request. The counters include every divergence. */
const MAX_LINES = 10;

/** Compares one decision, made at `nowMs`, with the shadow policy's. Never throws. */
export function createCompareShadow({
  shadowPolicy,
  logger,
  metrics,
}: CompareShadowDeps): (call: InviteCall, decision: Decision, nowMs: number) => void {
  if (shadowPolicy === undefined) return () => undefined;
  return function compareShadow(call, decision, nowMs) {
    try {
      const shadow = shadowPolicy.current();
      const found = divergences(decision, decide(shadow, call.principal, call.asked, nowMs, call.handling));
      metrics.count('shadow_decisions', { result: found.length === 0 ? 'same' : 'divergent' });
      for (const { kind, rule } of labelsOf(found)) metrics.count('shadow_divergences', { kind, rule });
      for (const { kind, activeRule, shadowRule, because, addresses } of found.slice(0, MAX_LINES)) {
        logger.info('shadow_divergence', {
          request_id: call.requestId,
          trace_id: call.traceId,
          kind,
          active_rule: activeRule,
          shadow_rule: shadowRule,
          because: because.join(','),
          addresses,
          active_digest: call.policy.digest,
          shadow_digest: shadow.digest,
        });
      }
    } catch (error) {
      metrics.count('shadow_decisions', { result: 'failed' });
      logger.error('shadow_failed', {
        request_id: call.requestId,
        trace_id: call.traceId,
        error: thrownName(error),
      });
    }
  };
}

/** Each pair of labels once per request, so that the counter counts requests. */
function labelsOf(found: readonly Divergence[]): { readonly kind: string; readonly rule: string }[] {
  const pairs = found.map(({ kind, shadowRule, because }) => ({
    kind,
    rule: shadowRule ?? (because.includes('no-caller') ? 'no-caller' : 'no-rule'),
  }));
  return [...new Map(pairs.map((pair) => [`${pair.kind} ${pair.rule}`, pair])).values()];
}
