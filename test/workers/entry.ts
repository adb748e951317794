import { LedgerObject as RealLedgerObject } from '../../src/platform/workers/ledger/ledger-object.ts';
import type { LedgerObjectEnv, LedgerObjectPorts } from '../../src/platform/workers/ledger/ports.ts';

/**
 * The Worker for tests in workerd. Its Durable Object is the real ledger object, with the ports that a test registered
 * under the object's id. Tests and objects share one isolate, so these ports may be doubles of the test.
 */
export const portsByObject = new Map<string, LedgerObjectPorts>();

/** Answers `exports.default.fetch`, in its own request context, which the platform ends when the caller disconnects. */
export const served: { fetch: NonNullable<ExportedHandler['fetch']> } = {
  fetch: () => new Response(null, { status: 404 }),
};

/** The deployment's own object, where no test registered ports. */
export class LedgerObject extends RealLedgerObject {
  constructor(ctx: DurableObjectState, env: LedgerObjectEnv) {
    super(ctx, env, portsByObject.get(ctx.id.toString()));
  }
}

export default {
  fetch: (request, env, context) => served.fetch(request, env, context),
} satisfies ExportedHandler;
