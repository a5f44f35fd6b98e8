import type { Cluster } from './cluster.ts';

const MEASURED_MS = 15_000;

/** What a container has used, as the kubelet counts it. */
export interface Sample {
  readonly pod: string;
  readonly container: string;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly cpuNanoseconds: number;
  /** The working set, as `kubectl top` and memory limits count it. */
  readonly memoryBytes: number;
}

/** What a container uses, while nothing is asked of it: thousandths of a core, MiB. */
export interface Usage {
  readonly pod: string;
  readonly container: string;
  readonly millicores: number;
  readonly mebibytes: number;
}

interface Stats {
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly containers?: readonly {
      readonly name: string;
      readonly cpu?: { readonly time: string; readonly usageCoreNanoSeconds?: number };
      readonly memory?: { readonly workingSetBytes?: number };
    }[];
  }[];
}

/** The containers of a namespace in what a kubelet tells. */
export function samplesOf({ pods }: Stats, namespace: string): Sample[] {
  return pods
    .filter(({ podRef }) => podRef.namespace === namespace)
    .flatMap(({ podRef, containers = [] }) =>
      containers.flatMap(({ name, cpu, memory }) => {
        const memoryBytes = memory?.workingSetBytes;
        if (cpu?.usageCoreNanoSeconds === undefined || memoryBytes === undefined) return [];
        const at = Date.parse(cpu.time);
        return [{ pod: podRef.name, container: name, at, cpuNanoseconds: cpu.usageCoreNanoSeconds, memoryBytes }];
      }),
    );
}

/** What was used between two looks; undefined while a container was not counted again late enough. */
export function usageBetween(before: readonly Sample[], after: readonly Sample[]): Usage[] | undefined {
  const usages = before.map((first): Usage | undefined => {
    const last = after.find(({ pod, container }) => pod === first.pod && container === first.container);
    if (last === undefined || last.at - first.at < MEASURED_MS) return undefined;
    return {
      pod: first.pod,
      container: first.container,
      millicores: (last.cpuNanoseconds - first.cpuNanoseconds) / (last.at - first.at) / 1_000,
      mebibytes: last.memoryBytes / 2 ** 20,
    };
  });
  return usages.every((usage) => usage !== undefined) ? usages : undefined;
}

/** What each container of the namespace uses now, over 15 s or more. */
export async function idleUsage(cluster: Cluster): Promise<Usage[]> {
  const nodes: string[] = (await cluster.get('nodes')).items.map(
    ({ metadata }: { metadata: { name: string } }) => metadata.name,
  );
  const look = async () => {
    const stats = await Promise.all(
      nodes.map((node) => cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`])),
    );
    return stats.flatMap((text) => samplesOf(JSON.parse(text), cluster.namespace));
  };
  const before = await look();
  if (before.length === 0) throw new Error('the kubelets tell of no container of the release');
  return cluster.eventually('two samples of every container', async () => usageBetween(before, await look()), 90_000);
}

/** Usage by kind of container, and the sum, for people. */
export function usageTable(usages: readonly Usage[]): { readonly what: string; readonly value: string }[] {
  const kinds = Map.groupBy(usages, ({ container }) => container);
  const sum = (of: readonly Usage[], field: 'millicores' | 'mebibytes') =>
    of.reduce((total, usage) => total + usage[field], 0);
  const rows = [...kinds].toSorted().map(([container, of]) => ({
    what: `idle, each of ${of.length} ${container}`,
    value: `${(sum(of, 'millicores') / of.length).toFixed(0)} m, ${(sum(of, 'mebibytes') / of.length).toFixed(0)} MiB`,
  }));
  const total = `${(sum(usages, 'millicores') / 1_000).toFixed(2)} cores, ${sum(usages, 'mebibytes').toFixed(0)} MiB`;
  return [...rows, { what: 'idle, the whole release', value: total }];
}
