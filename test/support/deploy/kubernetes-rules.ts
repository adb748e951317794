import { DEADLINE_MS } from '../../../src/platform/node/process/shutdown.ts';
import type { Overlay } from './kubernetes-objects.ts';
import { deploymentOf, podOf, specsOf } from './kubernetes-shapes.ts';
import type { Labels, NetworkPolicy, Probe, Rendered } from './kubernetes-shapes.ts';

/**
 * What must hold for the rendered objects beyond their schemas, as a table over plain data. The test of each rule plants
 * an object that breaks it.
 */
export interface KubernetesRule {
  /** As the end of the sentence "the deployment …". */
  readonly promise: string;
  readonly overlays: readonly Overlay[];
  /** All violations. */
  check(rendered: Rendered): readonly string[];
}

/** The cluster's time for a stop must exceed the service's own by this much. */
const MARGIN_MS = 4_000;
const LEDGER_FOLDER = '/var/lib/galileo-invite-proxy';
const BOTH: readonly Overlay[] = ['sqlite', 'postgres'];

const unless = (holds: boolean, violation: string): readonly string[] => (holds ? [] : [violation]);
const kindsIn = ({ objects }: Rendered): readonly string[] => objects.map(({ kind }) => kind);
const isWithin = (selector: Labels | undefined, labels: Labels): boolean =>
  selector !== undefined &&
  Object.keys(selector).length > 0 &&
  Object.entries(selector).every(([name, value]) => labels[name] === value);

export const KUBERNETES_RULES: readonly KubernetesRule[] = [
  {
    promise: 'keeps to the Pod Security Standard `restricted`, with a read-only root',
    overlays: BOTH,
    check(rendered) {
      const { securityContext: pod, hostNetwork, containers } = podOf(rendered);
      const [{ securityContext: container }] = containers;
      return [
        ...unless(pod['runAsNonRoot'] === true && pod['runAsUser'] === 1000, 'the user may be root'),
        ...unless(pod['fsGroup'] === 1000, 'the volume is not writable for the user'),
        ...unless((pod['seccompProfile'] as { type?: string } | undefined)?.type === 'RuntimeDefault', 'no seccomp'),
        ...unless(container.readOnlyRootFilesystem === true, 'the root can be written'),
        ...unless(container.allowPrivilegeEscalation === false, 'privileges can grow'),
        ...unless(container.capabilities?.drop?.join() === 'ALL' && !container.capabilities.add, 'it has capabilities'),
        ...unless(hostNetwork !== true, 'it has the network of the node'),
      ];
    },
  },
  {
    promise: 'has no token of the cluster, and no variable that reads like a setting',
    overlays: BOTH,
    check: (rendered) => [
      ...unless(podOf(rendered).automountServiceAccountToken === false, 'a token is mounted'),
      ...unless(podOf(rendered).enableServiceLinks === false, 'variables are injected'),
    ],
  },
  {
    promise: 'asks /readyz for readiness and /livez for life, where no caller can fill the connections',
    overlays: BOTH,
    check(rendered) {
      const [{ startupProbe, readinessProbe, livenessProbe }] = podOf(rendered).containers;
      const probes: readonly (readonly [Probe, string])[] = [
        [startupProbe, '/readyz'],
        [readinessProbe, '/readyz'],
        [livenessProbe, '/livez'],
      ];
      return probes.flatMap(([{ httpGet }, path]) =>
        unless(httpGet.path === path && httpGet.port === 'ops', `a probe asks ${httpGet.path} on ${httpGet.port}`),
      );
    },
  },
  {
    promise: 'waits for the end of the service, the time before SIGTERM included',
    overlays: BOTH,
    check(rendered) {
      const { terminationGracePeriodSeconds: grace, containers } = podOf(rendered);
      const before = containers[0].lifecycle?.preStop?.sleep?.seconds ?? 0;
      return unless(grace * 1000 >= before * 1000 + DEADLINE_MS + MARGIN_MS, `${grace} s are too short`);
    },
  },
  {
    promise: 'gives secrets as files of a folder, from a Secret that is not written here',
    overlays: BOTH,
    check(rendered) {
      const { containers, volumes } = podOf(rendered);
      const [{ env, volumeMounts }] = containers;
      return [
        ...unless(!kindsIn(rendered).includes('Secret'), 'there is a Secret'),
        ...unless(
          volumes.some(({ secret }) => secret !== undefined),
          'no Secret is mounted',
        ),
        ...unless(
          volumeMounts.every(({ subPath }) => subPath === undefined),
          'a subPath never sees a change',
        ),
        ...env
          .filter(({ name }) => /KEY|PASSWORD|TOKEN/.test(name) && !name.endsWith('_FILE'))
          .map(({ name }) => `${name} is a variable`),
      ];
    },
  },
  {
    promise: 'leaves the trail when it is deleted: its volume is a file of its own',
    overlays: BOTH,
    check: (rendered) => [
      ...unless(!kindsIn(rendered).includes('PersistentVolumeClaim'), 'the volume would be deleted, too'),
      ...unless(!kindsIn(rendered).includes('Namespace'), 'the namespace would be deleted, with the volume'),
    ],
  },
  {
    promise: 'selects its own pods everywhere, by ports and names that are there',
    overlays: BOTH,
    check(rendered) {
      const { labels } = deploymentOf(rendered).template.metadata;
      const ports = new Set(podOf(rendered).containers[0].ports.map(({ name }) => name));
      const services = specsOf<{ selector: Labels; ports: readonly { name: string; targetPort: string }[] }>(
        rendered,
        'Service',
      );
      const backends = JSON.stringify(specsOf(rendered, 'Ingress'));
      const service = rendered.objects.find(({ kind }) => kind === 'Service');
      return [
        ...services.flatMap(({ selector, ports: own }) => [
          ...unless(isWithin(selector, labels), 'the Service has other pods'),
          ...own.flatMap(({ targetPort }) => unless(ports.has(targetPort), `there is no port ${targetPort}`)),
        ]),
        ...specsOf<{ selector: { matchLabels?: Labels } }>(rendered, 'PodDisruptionBudget').flatMap(({ selector }) =>
          unless(isWithin(selector.matchLabels, labels), 'the PodDisruptionBudget has other pods'),
        ),
        ...specsOf<{ selector: { matchLabels?: Labels }; podMetricsEndpoints: readonly { port: string }[] }>(
          rendered,
          'PodMonitor',
        ).flatMap(({ selector, podMetricsEndpoints: endpoints }) => [
          ...unless(isWithin(selector.matchLabels, labels), 'the PodMonitor has other pods'),
          ...endpoints.flatMap(({ port }) => unless(ports.has(port), `there is no port ${port}`)),
        ]),
        ...specsOf<NetworkPolicy>(rendered, 'NetworkPolicy').flatMap(({ podSelector }) =>
          unless(isWithin(podSelector.matchLabels, labels), 'a NetworkPolicy has other pods'),
        ),
        ...unless(
          backends.includes(`"service":{"name":"${service?.metadata.name}","port":{"name":"http"}}`),
          'the Ingress leads elsewhere',
        ),
      ];
    },
  },
  {
    promise: 'lets in the ingress controller on one port and the monitoring on the other',
    overlays: BOTH,
    check(rendered) {
      const policies = specsOf<NetworkPolicy>(rendered, 'NetworkPolicy');
      const rules = policies.flatMap(({ ingress = [] }) => ingress);
      return [
        ...unless(
          policies.some(({ policyTypes }) => policyTypes.includes('Ingress')),
          'everybody gets in',
        ),
        ...rules.flatMap(({ from = [], ports = [] }) => [
          ...unless(
            from.length > 0 && from.every(({ namespaceSelector: by }) => Object.keys(by?.matchLabels ?? {}).length > 0),
            'a rule names nobody',
          ),
          ...unless(ports.length === 1, 'a rule opens more than one port'),
        ]),
        ...unless(
          rules
            .flatMap(({ ports = [] }) => ports)
            .map(({ port }) => port)
            .join() === 'http,ops',
          'the ports are others',
        ),
      ];
    },
  },
  {
    promise: 'lets out to DNS, issuer and Galileo, the collector, and with PostgreSQL to the database',
    overlays: BOTH,
    check(rendered) {
      const policies = specsOf<NetworkPolicy>(rendered, 'NetworkPolicy');
      const rules = policies.flatMap(({ egress = [] }) => egress);
      const open = rules.flatMap(({ ports = [] }) => ports.map(({ port }) => Number(port)));
      const wanted = [53, 53, 443, 4318, ...(rendered.overlay === 'postgres' ? [5432] : [])];
      const inOrder = (numbers: readonly number[]): string => numbers.toSorted((a, b) => a - b).join();
      return [
        ...unless(
          policies.some(({ policyTypes }) => policyTypes.includes('Egress')),
          'it may reach everything',
        ),
        ...unless(inOrder(open) === inOrder(wanted), `the ports are ${inOrder(open)}`),
        ...rules.flatMap(({ to = [], ports = [] }) =>
          unless(to.length > 0 && ports.length > 0, 'a rule names nothing'),
        ),
      ];
    },
  },
  {
    promise: 'never runs two pods on one file, which is where the image looks for it',
    overlays: ['sqlite'],
    check(rendered) {
      const { replicas, strategy } = deploymentOf(rendered);
      const { containers, volumes } = podOf(rendered);
      const claim = volumes.find(({ persistentVolumeClaim: one }) => one !== undefined);
      const mount = containers[0].volumeMounts.find(({ name }) => name === claim?.name);
      const claimed = rendered.beside.find(({ kind }) => kind === 'PersistentVolumeClaim');
      return [
        ...unless(replicas === 1 && strategy.type === 'Recreate', 'two pods may run'),
        ...unless(mount?.mountPath === LEDGER_FOLDER, 'the volume is mounted elsewhere'),
        ...unless(claimed?.metadata.name === claim?.persistentVolumeClaim?.claimName, 'the claim has another name'),
        ...unless(JSON.stringify(claimed?.['spec']).includes('ReadWriteOncePod'), 'two pods may have the volume'),
      ];
    },
  },
  {
    promise: 'is updated without a gap, pod after pod, on several nodes',
    overlays: ['postgres'],
    check(rendered) {
      const { replicas, strategy, minReadySeconds = 0 } = deploymentOf(rendered);
      const { containers, topologySpreadConstraints: spread = [] } = podOf(rendered);
      const budgets = specsOf<{ maxUnavailable?: number }>(rendered, 'PodDisruptionBudget');
      return [
        ...unless(replicas >= 2, 'there is one pod'),
        ...unless(strategy.rollingUpdate?.maxUnavailable === 0, 'a pod ends before its successor serves'),
        ...unless(minReadySeconds >= 5, 'a pod ends when its successor is not known yet'),
        ...unless((containers[0].lifecycle?.preStop?.sleep?.seconds ?? 0) >= 5, 'a pod ends when it is still known'),
        ...unless(
          budgets.length === 1 && budgets.every(({ maxUnavailable }) => maxUnavailable === 1),
          'all pods may be evicted at once, or none',
        ),
        ...unless(
          spread.some(({ topologyKey }) => topologyKey === 'kubernetes.io/hostname'),
          'one node may have all pods',
        ),
      ];
    },
  },
];
