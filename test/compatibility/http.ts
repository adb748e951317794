import { BALANCERS } from './http-balancers.ts';
import { CALLERS } from './http-callers.ts';
import type { Chapter } from './situation.ts';

/** What balancers, browsers and HTTP clients really send. */
export const HTTP: Chapter = {
  title: 'Balancers, browsers and HTTP clients',
  about:
    'Health probes, connections and requests as products send them. Whatever the listener refuses is counted under its true cause.',
  situations: [...BALANCERS, ...CALLERS],
};
