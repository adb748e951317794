import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { loadPolicy } from '../../../src/policy/load.ts';
import type { KubernetesObject, Overlay } from '../../support/deploy/kubernetes-objects.ts';
import { fieldFaults, readObjects, renderOverlay, schemaFaults } from '../../support/deploy/kubernetes-objects.ts';
import { KUBERNETES_RULES } from '../../support/deploy/kubernetes-rules.ts';
import { podOf } from '../../support/deploy/kubernetes-shapes.ts';
import type { Rendered } from '../../support/deploy/kubernetes-shapes.ts';

/** deploy/kubernetes, rendered by kubectl: against the schemas, the rules, and the service's own configuration. */
const OVERLAYS: readonly Overlay[] = ['sqlite', 'postgres'];
/** As of the image (Dockerfile). */
const IMAGE = {
  HOST: '0.0.0.0',
  POLICY_FILE: '/etc/galileo-invite-proxy/policy.yaml',
  LEDGER_URL: 'sqlite:/var/lib/galileo-invite-proxy/ledger.db',
};

const rendered = new Map<Overlay, Rendered>();
beforeAll(async () => {
  const files = ['ledger-volume.yaml', 'ingress.yaml', 'pod-monitor.yaml'].map(readObjects);
  const beside = (await Promise.all(files)).flat();
  for (const overlay of OVERLAYS) rendered.set(overlay, { overlay, objects: renderOverlay(overlay), beside });
});

function of(overlay: Overlay): Rendered {
  const found = rendered.get(overlay);
  if (found === undefined) throw new Error(`${overlay} is not rendered`);
  return found;
}

/** A copy in which each `from` is a `to`; throws when there is none. */
function planted(original: Rendered, from: string | RegExp, to: string): Rendered {
  const text = JSON.stringify(original);
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`nothing to change: ${String(from)}`);
  return JSON.parse(changed) as Rendered;
}

const all = ({ objects, beside }: Rendered): readonly KubernetesObject[] => [...objects, ...beside];

describe.each(OVERLAYS)('the overlay %s', (overlay) => {
  it('is what the schemas of Kubernetes allow', async () => {
    expect(await schemaFaults(all(of(overlay)))).toEqual([]);
    expect(await fieldFaults(all(of(overlay)))).toEqual([]);
  });

  it.each(KUBERNETES_RULES.filter(({ overlays }) => overlays.includes(overlay)))('$promise', ({ check }) => {
    expect(check(of(overlay))).toEqual([]);
  });

  it('configures the service so that it starts, with a policy that loads', async () => {
    const { env } = podOf(of(overlay)).containers[0];
    const data = of(overlay).objects.find(({ kind }) => kind === 'ConfigMap')?.['data'] as Record<string, string>;
    const readText = async (path: string): Promise<string> => {
      const text = data[path.replace('/etc/galileo-invite-proxy/', '')];
      if (text === undefined) throw new Error(`${path} is not there`);
      return text;
    };
    const settings = { ...IMAGE, ...Object.fromEntries(env.map(({ name, value }) => [name, value])) };
    const loaded = await loadConfig({ env: settings, readText });
    expect(loaded).toMatchObject({ kind: 'loaded' });
    if (loaded.kind !== 'loaded') return;
    expect(loaded.config.settings.LEDGER_URL.kind).toBe(overlay);
    const issuers = loaded.config.issuers.map(({ name }) => name);
    expect(loadPolicy(await readText(IMAGE.POLICY_FILE), { issuers })).toMatchObject({ kind: 'loaded' });
  });
});

describe('a planted violation is found', () => {
  it('by the schemas: a kind that is not there, a missing field, a value that is not allowed', async () => {
    for (const [from, to] of [
      ['"kind":"NetworkPolicy"', '"kind":"NetworkPolice"'],
      ['"selector":{"matchLabels":{"app.kubernetes.io/name":"galileo-invite-proxy"}},"strategy"', '"strategy"'],
      ['"replicas":2', '"replicas":"two"'],
    ] as const)
      expect(await schemaFaults(all(planted(of('postgres'), from, to)))).toHaveLength(1);
  });

  it('by the types: a misspelt field, at any depth', async () => {
    for (const [field, misspelt] of [
      ['maxUnavailable', 'maxUnavailble'],
      ['readOnlyRootFilesystem', 'readonlyRootFilesystem'],
      ['podMetricsEndpoints', 'podMetricEndpoints'],
      ['interval', 'intervall'],
    ] as const) {
      const faults = await fieldFaults(all(planted(of('postgres'), `"${field}":`, `"${misspelt}":`)));
      expect(faults.join('\n')).toContain(`'"${misspelt}"' does not exist`);
    }
  });

  it.each<readonly [promise: string, overlay: Overlay, from: string | RegExp, to: string]>([
    ['restricted', 'sqlite', '"runAsNonRoot":true', '"runAsNonRoot":false'],
    ['restricted', 'sqlite', '"drop":["ALL"]', '"drop":["ALL"],"add":["NET_ADMIN"]'],
    ['restricted', 'postgres', '"readOnlyRootFilesystem":true', '"readOnlyRootFilesystem":false'],
    ['no token', 'sqlite', '"automountServiceAccountToken":false', '"automountServiceAccountToken":true'],
    ['no token', 'sqlite', '"enableServiceLinks":false', '"enableServiceLinks":true'],
    ['readiness', 'sqlite', '{"path":"/livez","port":"ops"}', '{"path":"/livez","port":"http"}'],
    ['waits for the end', 'sqlite', '"terminationGracePeriodSeconds":30', '"terminationGracePeriodSeconds":20'],
    ['waits for the end', 'postgres', '"sleep":{"seconds":5}', '"sleep":{"seconds":15}'],
    ['gives secrets', 'sqlite', '"name":"GALILEO_API_KEY_FILE"', '"name":"GALILEO_API_KEY"'],
    ['gives secrets', 'sqlite', '"kind":"Service"', '"kind":"Secret"'],
    ['leaves the trail', 'sqlite', '"kind":"NetworkPolicy"', '"kind":"PersistentVolumeClaim"'],
    ['own pods', 'sqlite', '"targetPort":"http"', '"targetPort":"web"'],
    ['own pods', 'sqlite', '"service":{"name":"galileo-invite-proxy"', '"service":{"name":"another"'],
    ['own pods', 'postgres', /"podSelector":\{[^}]*\}\}/, '"podSelector":{}'],
    ['lets in', 'sqlite', /"from":\[[^\]]*\],"ports":\[\{"port":"ops"/, '"ports":[{"port":"ops"'],
    ['lets in', 'sqlite', '"policyTypes":["Ingress","Egress"]', '"policyTypes":["Egress"]'],
    ['lets out', 'sqlite', '"policyTypes":["Ingress","Egress"]', '"policyTypes":["Ingress"]'],
    ['lets out', 'postgres', '"port":5432', '"port":5433'],
    ['two pods', 'sqlite', '"type":"Recreate"', '"type":"RollingUpdate"'],
    ['two pods', 'sqlite', '"replicas":1', '"replicas":2'],
    ['two pods', 'sqlite', '"claimName":"galileo-invite-proxy-ledger"', '"claimName":"another"'],
    ['without a gap', 'postgres', '"maxUnavailable":0', '"maxUnavailable":1'],
    ['without a gap', 'postgres', '"replicas":2', '"replicas":1'],
    ['without a gap', 'postgres', '"kind":"PodDisruptionBudget"', '"kind":"ConfigMap"'],
  ])('by the rule "%s": %s, %s as %s', (promise, overlay, from, to) => {
    const rules = KUBERNETES_RULES.filter(({ promise: one }) => one.includes(promise));
    expect(rules).toHaveLength(1);
    expect(rules[0]?.check(planted(of(overlay), from, to))).not.toEqual([]);
  });
});
