import type { Dashboard } from './dashboards.ts';
import type { Panel, Unit } from './panel.ts';

/**
 * The JSON of a dashboard for Grafana 10 or later, ready to be imported: it asks for the data source, and for the
 * instances to show. Three panels lie beside each other, stats four.
 */
const GRID_COLUMNS = 24;
const SHAPES = { stat: { type: 'stat', w: 6, h: 4 }, graph: { type: 'timeseries', w: 8, h: 8 } } as const;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const UNITS: Readonly<Record<Unit, string>> = {
  count: 'short',
  'per second': 'ops',
  seconds: 's',
  bytes: 'bytes',
  share: 'percentunit',
  'yes or no': 'bool_yes_no',
};

export function describeDashboard({ uid, title, panels }: Dashboard): string {
  const dashboard = {
    uid,
    title,
    tags: ['galileo-invite-proxy'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'instance',
          label: 'Instance',
          type: 'query',
          datasource: DATASOURCE,
          query: { query: 'label_values(galileo_invite_proxy_build_info, instance)', refId: 'instance' },
          refresh: 2,
          multi: true,
          includeAll: true,
          allValue: '.*',
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels: placed(panels).map(({ panel, gridPos }, index) => ({
      id: index + 1,
      type: SHAPES[panel.shape].type,
      title: panel.title,
      description: panel.about,
      datasource: DATASOURCE,
      gridPos,
      fieldConfig: { defaults: { unit: UNITS[panel.unit], min: 0 }, overrides: [] },
      ...(panel.shape === 'stat'
        ? {
            options: { colorMode: 'none', textMode: panel.shows ?? 'value', reduceOptions: { calcs: ['lastNotNull'] } },
          }
        : { options: { legend: { displayMode: 'list' }, tooltip: { mode: 'multi', sort: 'desc' } } }),
      targets: panel.queries.map(({ query, legend }, at) => ({
        refId: String.fromCodePoint(65 + at),
        datasource: DATASOURCE,
        expr: query,
        legendFormat: legend,
      })),
    })),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

/** From left to right, then down. */
function placed(panels: readonly Panel[]) {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map((panel) => {
    const { w, h } = SHAPES[panel.shape];
    if (x + w > GRID_COLUMNS || (x > 0 && h !== rowHeight)) [x, y] = [0, y + rowHeight];
    const gridPos = { x, y, w, h };
    [x, rowHeight] = [x + w, h];
    return { panel, gridPos };
  });
}
