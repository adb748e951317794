/**
 * Reads the policy once per request, so that a reload between two steps cannot give one request two policies.
 * Adds its digest to every answer: `Policy-Digest: sha256:<64 hex>`.
 */
import type { Deps } from '../deps.ts';
import type { Step } from './in-order.ts';
import { addField } from './answers/respond.ts';

export function pinPolicy(policy: Deps['policy']): Step {
  return function pinPolicy(c) {
    const current = policy.current();
    c.set('policy', current);
    addField(c, 'Policy-Digest', `sha256:${current.digest}`);
    return undefined;
  };
}
