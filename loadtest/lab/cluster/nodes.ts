/** The nodes of a cluster, as kubectl returns them. */
export interface Nodes {
  readonly items: readonly {
    readonly status: {
      readonly nodeInfo: {
        readonly kubeletVersion: string;
        readonly operatingSystem: string;
        readonly architecture: string;
      };
      /** The kubelet reports memory in KiB: `8388608Ki`. */
      readonly capacity: { readonly cpu: string; readonly memory: string };
    };
  }[];
}

/** Version and number of nodes. */
export function clusterOf({ items }: Nodes): string {
  const nodes = items.length === 1 ? 'one node' : `${items.length} nodes`;
  return `Kubernetes ${items[0]?.status.nodeInfo.kubeletVersion} with ${nodes}`;
}

/** Processors and memory of a node, for each size of node. */
export function machineOf({ items }: Nodes): string {
  const sizes = items.map(({ status: { capacity, nodeInfo } }) => {
    const gib = Math.round(Number.parseInt(capacity.memory, 10) / 2 ** 20);
    return `${capacity.cpu} processors (${nodeInfo.operatingSystem}/${nodeInfo.architecture}), ${gib} GiB`;
  });
  return `nodes with ${[...new Set(sizes)].join(' or ')}`;
}
