import type { Cluster } from './cluster.ts';

const MIN_MEASURED_MS = 15_000;

/** The processor time and memory of a container, as counted by the kubelet. */
export interface Sample {
  readonly pod: string;
  readonly container: string;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly cpuNanoseconds: number;
  /** The working set, which `kubectl top` and memory limits also count. */
  readonly memoryBytes: number;
}

/** The use of an idle container: thousandths of a core, MiB. */
export interface Usage {
  readonly pod: string;
  readonly container: string;
  readonly millicores: number;
  readonly mebibytes: number;
}

/** The fields of a kubelet's statistics that this test reads. */
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

/** Reads the containers of a namespace from a kubelet's statistics. */
export function parseSamples({ pods }: Stats, namespace: string): Sample[] {
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

/** The use between two samples; undefined while a container has no second sample that is 15 s or more later. */
export function usageBetween(before: readonly Sample[], after: readonly Sample[]): Usage[] | undefined {
  const usages = before.map((first): Usage | undefined => {
    const last = after.find(({ pod, container }) => pod === first.pod && container === first.container);
    if (last === undefined || last.at - first.at < MIN_MEASURED_MS) return undefined;
    return {
      pod: first.pod,
      container: first.container,
      millicores: (last.cpuNanoseconds - first.cpuNanoseconds) / (last.at - first.at) / 1_000,
      mebibytes: last.memoryBytes / 2 ** 20,
    };
  });
  return usages.every((usage) => usage !== undefined) ? usages : undefined;
}

/** Measures every container of the namespace over 15 s or more. */
export async function measureUsage(cluster: Cluster): Promise<Usage[]> {
  const nodes: string[] = (await cluster.get('nodes')).items.map(
    ({ metadata }: { metadata: { name: string } }) => metadata.name,
  );
  const readStats = async () => {
    const stats = await Promise.all(
      nodes.map((node) => cluster.kubectl(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`])),
    );
    return stats.flatMap((text) => parseSamples(JSON.parse(text), cluster.namespace));
  };
  const before = await readStats();
  if (before.length === 0) throw new Error('the statistics of the kubelets contain no container of the release');
  return cluster.waitFor('two samples of every container', async () => usageBetween(before, await readStats()), 90_000);
}

/** The table rows: the average use per container name, and the sum. */
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
