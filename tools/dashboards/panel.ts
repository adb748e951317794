/**
 * What a panel of a dashboard is, and the queries that panels share. The panels are tables (overview, trail), from which
 * `npm run docs` writes deploy/grafana. test/e2e/alerts runs every query against a service that was scraped.
 */
export type Unit = 'count' | 'per second' | 'seconds' | 'bytes' | 'share' | 'yes or no';

export interface Query {
  readonly query: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** For the reader of the panel. */
  readonly about: string;
  readonly shape: 'stat' | 'graph';
  /** What a stat shows; the value when left out. */
  readonly shows?: 'name';
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Why the panel is empty while nothing goes wrong; left out where it never is. */
  readonly emptyWhenCalm?: string;
}

export const OF_INSTANCE = 'instance=~"$instance"';

/** A metric of the service, of the instances that are shown. */
export function own(name: string, ...selectors: readonly string[]): string {
  return `galileo_invite_proxy_${name}{${[OF_INSTANCE, ...selectors].join(',')}}`;
}

export function perSecond(by: string, metric: string): string {
  return `sum by (${by}) (rate(${metric}[$__rate_interval]))`;
}

export function quantile(share: number, by: string, name: string): string {
  return `histogram_quantile(${String(share)}, ${perSecond(`${by}le`, own(`${name}_seconds_bucket`))})`;
}
