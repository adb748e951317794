import type { ExampleExchange } from './exchange.ts';
import { INVITES } from './invites.ts';
import { READS } from './reads.ts';
import { REFUSED_INVITES } from './refused-invites.ts';
import { SERVICE } from './service.ts';
import { SETTLEMENTS } from './settlements.ts';
import { TRAIL_FIGURES } from './trail-figures.ts';
import { TRAIL } from './trail.ts';

/** Every example of /openapi.json and of the reference page, in the order in which they are shown. */
export const EXAMPLE_EXCHANGES: readonly ExampleExchange[] = [
  ...INVITES,
  ...REFUSED_INVITES,
  ...READS,
  ...SETTLEMENTS,
  ...TRAIL,
  ...TRAIL_FIGURES,
  ...SERVICE,
];
