import { createDelivery } from './delivery.ts';
import type { Delivery, DeliveryDeps, DeliveryStatus } from './delivery.ts';
import type { Sink } from './sink.ts';

/**
 * Delivers the trail to every configured sink: one delivery per sink, each with its own cursor, back-off and batch. A
 * sink that fails delays no other sink.
 */
export interface FanOut extends Omit<Delivery, 'status'> {
  /** One status per sink, in the order of the configuration. */
  status(): readonly DeliveryStatus[];
}

/** Throws when two sinks have the same name: they would share a cursor, and each would miss what the other took. */
export function createFanOut({
  sinks,
  ...deps
}: Omit<DeliveryDeps, 'sink'> & { readonly sinks: readonly Sink[] }): FanOut {
  const names = new Set(sinks.map(({ name }) => name));
  if (names.size < sinks.length) throw new Error('two audit sinks have the same name');
  const deliveries = sinks.map((sink) => createDelivery({ ...deps, sink }));
  return {
    wake() {
      for (const delivery of deliveries) delivery.wake();
    },
    async stop() {
      await Promise.all(deliveries.map((delivery) => delivery.stop()));
    },
    async drain() {
      const emptied = await Promise.all(deliveries.map((delivery) => delivery.drain()));
      return emptied.every(Boolean);
    },
    status: () => deliveries.map((delivery) => delivery.status()),
  };
}
