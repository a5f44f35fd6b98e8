import { z } from 'zod';

/**
 * The parts of the platform that a fault can affect. `order-1` and `order-2` are replicas with their sidecars, as pods are. The other
 * services are their process without the sidecar, as a container is.
 */
export const TARGETS = [
  'consumer',
  'restaurant',
  'notification',
  'order-1',
  'order-2',
  'broker',
  'state-store',
  'order-2-sidecar',
  'consumer-sidecar',
  'restaurant-sidecar',
  'notification-sidecar',
] as const;
export type Target = (typeof TARGETS)[number];

/** The connections that a proxy can delay or cut. `consumer`: between the sidecar and the application. */
export const LINKS = ['state-store', 'broker', 'consumer'] as const;
export type Link = (typeof LINKS)[number];

const targets = z.union([z.literal('everything').transform(() => [...TARGETS]), z.array(z.enum(TARGETS)).nonempty()]);

const service = z.enum(['order', 'consumer', 'restaurant', 'notification']);
const component = z.enum([...service.options, 'broker', 'state-store']);

/** Actions that only Kubernetes can apply. It replaces the part at once. */
const clusterActions = [
  z.strictObject({ do: z.literal('delete-pod').describe('without grace'), component }),
  z.strictObject({ do: z.literal('kill-container').describe('SIGKILL to the process of one pod'), component: service }),
  z.strictObject({ do: z.literal('drain-node').describe('a node without the load; uncordoned at the end') }),
] as const;

const action = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('kill').describe('SIGKILL; started again at the end'), targets }),
  z.strictObject({
    do: z.literal('wipe').describe('killed, its data deleted, and started again at once'),
    targets: z.array(z.literal('broker')).nonempty(),
  }),
  z.strictObject({
    do: z.literal('pause').describe('SIGSTOP; SIGCONT at the end'),
    targets: z.array(z.enum(TARGETS)).nonempty(),
  }),
  z.strictObject({
    do: z.literal('delay').describe('each response takes this much longer'),
    link: z.enum(LINKS),
    ms: z.int().min(1).max(60_000),
  }),
  z.strictObject({
    do: z.literal('cut').describe('a black hole: connections stay open, and no byte passes'),
    link: z.enum(['state-store', 'broker']),
  }),
  z.strictObject({
    do: z.literal('fail').describe('this share of the requests is answered 500'),
    link: z.literal('consumer'),
    share: z.number().gt(0).max(1),
  }),
  ...clusterActions,
]);
/** One action of a fault. It begins with the phase `during`, and is undone at its end. */
export type Action = z.infer<typeof action>;

export type ClusterAction = z.infer<(typeof clusterActions)[number]>;
/** The workloads of the chart that a fault can affect. */
export type Component = z.infer<typeof component>;

const CLUSTER_ACTIONS: readonly string[] = clusterActions.map(({ shape }) => shape.do.value);

/** Whether only a cluster has an action. */
export const isClusterAction = (each: Action): each is ClusterAction => CLUSTER_ACTIONS.includes(each.do);

/** The order of the faults on the page. */
export const GROUPS = ['control', 'validators', 'broker', 'order', 'sidecars', 'store', 'everything'] as const;

/** A fault, as its YAML file describes it. */
export const faultFile = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,40}$/),
  /** The part that fails: faults of a group are together on the page. */
  group: z.enum(GROUPS),
  title: z.string().min(3).max(60),
  /** For the page: what happens, and what a user would see. */
  description: z.string().min(10).max(400),
  /** Seconds of the phase `during` that the fault needs at least. */
  minimumSeconds: z.number().min(1).max(600).default(1),
  actions: z.array(action),
});
export type Fault = z.infer<typeof faultFile>;

/** The name of the control: the run without a fault. */
export const CONTROL = 'none';
