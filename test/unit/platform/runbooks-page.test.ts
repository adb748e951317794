/** Compares docs/runbooks.md with the alerts, and both with the metrics that the service has. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../../src/contract/problem.ts';
import { NOT_SENT_REASONS } from '../../../src/upstream/failure.ts';
import { COUNTERS, DURATIONS, GAUGES } from '../../../src/ports/metrics.ts';
import { readAlerts, readRules } from '../../support/alert-rules.ts';

const docs = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const page = docs('runbooks.md');
const [, ...sections] = page.split(/^## /m);
const ofAlerts = sections.filter((section) => section.startsWith('InviteProxy'));

/** As GitHub and GitLab make it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** The service's own metrics in an expression, with the labels that it selects by. */
function metricsIn(expression: string): { readonly name: string; readonly labels: readonly string[] }[] {
  return [...expression.matchAll(/\bgalileo_invite_proxy_(?<name>\w+)(?!\w|:)(?:\{(?<selector>[^}]*)\})?/g)].map(
    ({ groups: { name = '', selector = '' } = {} }) => ({
      name,
      labels: [...selector.matchAll(/(\w+)(?==~?"|!)/g)].map(([label]) => label),
    }),
  );
}

const LABELS = new Map<string, readonly string[]>([
  ...Object.entries(COUNTERS).map(([name, { labels }]) => [`${name}_total`, labels] as const),
  ...Object.entries(DURATIONS).flatMap(([name, { labels }]) =>
    ['bucket', 'count', 'sum'].map((part) => [`${name}_seconds_${part}`, labels] as const),
  ),
  ...Object.entries(GAUGES).map(([name, { labels }]) => [name, labels] as const),
]);

describe('the runbooks', () => {
  it('have one section per alert, and no other', () => {
    expect(ofAlerts.map((section) => section.split('\n')[0])).toEqual(readAlerts().map(({ alert }) => alert));
  });

  it('are where the alerts lead to', () => {
    for (const { alert, annotations } of readAlerts()) {
      const { pathname, hash } = new URL(annotations.runbook_url);
      expect([basename(pathname), hash]).toEqual(['runbooks.md', `#${anchorOf(alert)}`]);
      expect(anchorsOf(page)).toContain(hash.slice(1));
    }
  });

  it('say what an alert means, what to look at and what to do', () => {
    for (const section of ofAlerts)
      for (const part of ['**Means.**', '**Look at', '**Do'])
        expect(section.toLowerCase()).toContain(part.toLowerCase());
  });

  it('lead nowhere that is not there', () => {
    const links = [...page.matchAll(/\]\((?<name>[\w-]+\.md)?#(?<anchor>[^)]+)\)/g)];
    expect(links.length).toBeGreaterThan(20);
    for (const { groups: { name, anchor = '' } = {} } of links)
      expect(anchorsOf(name === undefined ? page : docs(name)), `${name ?? ''}#${anchor}`).toContain(anchor);
  });
});

describe('every expression of the rules and of the runbooks', () => {
  const queries = [...page.matchAll(/```promql\n([^]*?)```/g)].map(([, query = '']) => query);
  const expressions = [...readRules().map(({ expr }) => expr), ...queries];

  it('uses metrics and labels that the service has', () => {
    const used = expressions.flatMap(metricsIn).filter(({ name }) => !name.startsWith('own_failures'));
    expect(used.length).toBeGreaterThan(40);
    for (const { name, labels } of used) {
      expect([...LABELS.keys()]).toContain(name);
      for (const label of labels) expect(LABELS.get(name)).toContain(label);
    }
  });

  it('selects only codes and reasons that exist', () => {
    const chosen = (label: string): string[] =>
      expressions.flatMap((text) =>
        [...text.matchAll(new RegExp(`\\b${label}[!=]~"([^"]+)"`, 'g'))].flatMap(([, list = '']) => list.split('|')),
      );
    expect(chosen('code').length).toBeGreaterThan(0);
    for (const code of chosen('code')) expect(Object.keys(PROBLEMS)).toContain(code);
    expect(chosen('reason').length).toBeGreaterThan(0);
    for (const reason of chosen('reason')) expect(NOT_SENT_REASONS).toContain(reason);
  });
});
