import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';

/** A small server of this test, in a pod of its own that runs on the Node of the services' image. */
export interface StandIn {
  /** Name of the pod and of its service. */
  readonly name: string;
  readonly image: string;
  readonly port: number;
  /** File name of the program in the folder `images`. */
  readonly program: string;
  /** Further files beside the program, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Labels of the pod beside its own. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The URL of a stand-in inside the cluster. */
export const standInUrl = ({ namespace }: Cluster, { name, port }: Pick<StandIn, 'name' | 'port'>): string =>
  `http://${name}.${namespace}.svc:${port}`;

/** Starts the stand-in, replaces an earlier one of the same name, and waits until it is ready. */
export async function startStandIn(cluster: Cluster, standIn: StandIn): Promise<void> {
  const { name, image, port, program, files, annotations } = standIn;
  const data = { ...files, [program]: await readFile(join(import.meta.dirname, 'images', program), 'utf8') };
  const labels = { app: name };
  await cluster.kubectl(['delete', 'pod', name, '--ignore-not-found']);
  await cluster.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data },
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: labels, ports: [{ port }] } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { ...standIn.labels, ...labels }, ...(annotations && { annotations }) },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name,
            image,
            imagePullPolicy: 'IfNotPresent',
            args: [`/stand-in/${program}`],
            readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
            volumeMounts: [{ name: 'program', mountPath: '/stand-in' }],
          },
        ],
        volumes: [{ name: 'program', configMap: { name } }],
      },
    },
  );
  await cluster.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=50s']);
}
