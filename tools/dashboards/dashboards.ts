import { OVERVIEW } from './overview.ts';
import type { Panel } from './panel.ts';
import { TRAIL } from './trail.ts';

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** By the name of its file in deploy/grafana. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  overview: { uid: 'galileo-invite-proxy', title: 'Galileo invite proxy', panels: OVERVIEW },
  trail: { uid: 'galileo-invite-proxy-trail', title: 'Galileo invite proxy: audit trail', panels: TRAIL },
};
