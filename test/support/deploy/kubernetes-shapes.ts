import type { KubernetesObject, Overlay } from './kubernetes-objects.ts';

/** The rendered objects, and the shapes of what the rules read of them. The schemas have been checked before. */
export interface Rendered {
  readonly overlay: Overlay;
  /** Of the overlay alone: what `kubectl delete -k` deletes. */
  readonly objects: readonly KubernetesObject[];
  /** Of the files beside it: the volume, the Ingress and the PodMonitor. */
  readonly beside: readonly KubernetesObject[];
}

export type Labels = Readonly<Record<string, string>>;
export interface Deployment {
  readonly replicas: number;
  readonly minReadySeconds?: number;
  readonly strategy: { readonly type: string; readonly rollingUpdate?: { readonly maxUnavailable?: unknown } };
  readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
}
export interface Pod {
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
  readonly containers: readonly [Container];
  readonly volumes: readonly {
    readonly name: string;
    readonly secret?: object;
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
}
export interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string }[];
  readonly securityContext: {
    readonly readOnlyRootFilesystem?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}
export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Peer {
  readonly ipBlock?: object;
  readonly namespaceSelector?: { readonly matchLabels?: Labels };
}
export interface NetworkPolicy {
  readonly podSelector: { readonly matchLabels?: Labels };
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
}
interface Port {
  readonly port: number | string;
}

export const specsOf = <T>({ objects, beside }: Rendered, kind: string): readonly T[] =>
  [...objects, ...beside].filter((object) => object.kind === kind).map(({ spec }) => spec as T);
export const deploymentOf = (rendered: Rendered): Deployment => {
  const [deployment] = specsOf<Deployment>(rendered, 'Deployment');
  if (deployment === undefined) throw new Error('there is no Deployment');
  return deployment;
};
export const podOf = (rendered: Rendered): Pod => deploymentOf(rendered).template.spec;
