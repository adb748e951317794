import { LedgerObject as RealLedgerObject } from '../../src/platform/workers/ledger/ledger-object.ts';
import type { LedgerObjectEnv, LedgerObjectPorts } from '../../src/platform/workers/ledger/ports.ts';

/**
 * The Worker under test for what runs inside a Durable Object: the real object, given the ports that a test laid out
 * under the object's id. Tests and objects share one isolate, so ports may be doubles that the test holds in its hands.
 */
export const portsByObject = new Map<string, LedgerObjectPorts>();

/** What answers `exports.default.fetch`: a request context of its own, which the platform ends when the caller goes. */
export const served: { fetch: NonNullable<ExportedHandler['fetch']> } = {
  fetch: () => new Response(null, { status: 404 }),
};

/** The object of the deployment, where no test laid out ports. */
export class LedgerObject extends RealLedgerObject {
  constructor(ctx: DurableObjectState, env: LedgerObjectEnv) {
    super(ctx, env, portsByObject.get(ctx.id.toString()));
  }
}

export default {
  fetch: (request, env, context) => served.fetch(request, env, context),
} satisfies ExportedHandler;
