import type { Action, Fault, Link, Target } from '../timetable/schema.ts';

/** The release of the chart whose pods the objects select. */
export interface ReleaseRef {
  readonly namespace: string;
  readonly release: string;
  /** Seconds of the fault. */
  readonly seconds: number;
}

/** An object of Chaos Mesh. */
export interface ChaosObject {
  readonly apiVersion: 'chaos-mesh.org/v1alpha1';
  readonly kind: 'PodChaos' | 'NetworkChaos' | 'HTTPChaos';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** A fault in the terms of Chaos Mesh, and the actions that it cannot express. */
export interface ChaosFault {
  readonly objects: readonly ChaosObject[];
  readonly omitted: readonly string[];
}

/** The port of the applications in the chart. */
const APPLICATION_PORT = 8080;
const SERVICES = ['order', 'consumer', 'restaurant', 'notification'];

/** Translates a fault. A pod of the chart is a service with its sidecar: `kill` of a service fails all its pods. */
export function chaosOf(fault: Fault, ref: ReleaseRef): ChaosFault {
  const results = fault.actions.map((action) => actionObjects(action, ref));
  const specs = results.flatMap((result) => (typeof result === 'string' ? [] : result));
  return {
    objects: specs.map(({ kind, spec }, index) => ({
      apiVersion: 'chaos-mesh.org/v1alpha1',
      kind,
      metadata: { name: specs.length === 1 ? fault.name : `${fault.name}-${index + 1}`, namespace: ref.namespace },
      spec,
    })),
    omitted: results.filter((result) => typeof result === 'string'),
  };
}

type Spec = Pick<ChaosObject, 'kind' | 'spec'>;

function actionObjects(action: Action, ref: ReleaseRef): readonly Spec[] | string {
  const duration = `${ref.seconds}s`;
  switch (action.do) {
    case 'kill':
      return distinct(action.targets).map((target) => killSpec(target, ref, duration));
    case 'delay':
      return action.link === 'consumer'
        ? [http(ref, duration, 'all', { target: 'Response', delay: `${action.ms}ms` })]
        : [
            network(action.link, ref, duration, {
              action: 'delay',
              direction: 'to',
              delay: { latency: `${action.ms}ms` },
            }),
          ];
    case 'cut':
      return [network(action.link, ref, duration, { action: 'partition', direction: 'both' })];
    case 'fail':
      // Of the pods, not of the requests: HTTPChaos has no share.
      return [http(ref, duration, `${Math.round(100 * action.share)}`, { target: 'Response', replace: { code: 500 } })];
    case 'delete-pod':
      return [podSpec(ref, [action.component], 'one', { action: 'pod-kill', gracePeriod: 0 })];
    case 'kill-container':
      return [
        podSpec(ref, [action.component], 'one', { action: 'container-kill', containerNames: [action.component] }),
      ];
    case 'drain-node':
      return 'Chaos Mesh has no action for "drain-node"; use kubectl drain';
    default:
      return `Chaos Mesh has no action for "${action.do}" of ${action.targets.join(', ')}`;
  }
}

/** "Everything" names each replica of the order service and its sidecar; the pods of the order service are one selection. */
function distinct(targets: readonly Target[]): readonly Target[] {
  return targets.includes('order-1') ? targets.filter((target) => !/^order-2|-sidecar$/.test(target)) : targets;
}

const selector = ({ namespace, release }: ReleaseRef, components: readonly string[]) => ({
  namespaces: [namespace],
  labelSelectors: { 'app.kubernetes.io/instance': release },
  expressionSelectors: [{ key: 'app.kubernetes.io/component', operator: 'In', values: components }],
});

const podSpec = (ref: ReleaseRef, components: readonly string[], mode: string, spec: object): Spec => ({
  kind: 'PodChaos',
  spec: { ...spec, mode, selector: selector(ref, components) },
});

function killSpec(target: Target, ref: ReleaseRef, duration: string): Spec {
  const [component = '', sidecar] = [target.replace(/-\d|-sidecar/g, ''), target.endsWith('-sidecar')];
  const mode = target.startsWith('order-2') ? 'one' : 'all';
  const action = sidecar ? { action: 'container-kill', containerNames: ['daprd'] } : { action: 'pod-failure' };
  return podSpec(ref, [component], mode, { ...action, duration });
}

function network(link: Exclude<Link, 'consumer'>, ref: ReleaseRef, duration: string, spec: object): Spec {
  const target = { mode: 'all', selector: selector(ref, [link]) };
  return { kind: 'NetworkChaos', spec: { ...spec, mode: 'all', duration, selector: selector(ref, SERVICES), target } };
}

/** `share`: "all", or the percentage of the pods. */
function http(ref: ReleaseRef, duration: string, share: string, spec: object): Spec {
  const mode = share === 'all' ? { mode: 'all' } : { mode: 'fixed-percent', value: share };
  const where = { port: APPLICATION_PORT, path: '*', selector: selector(ref, ['consumer']) };
  return { kind: 'HTTPChaos', spec: { ...mode, ...where, duration, ...spec } };
}
