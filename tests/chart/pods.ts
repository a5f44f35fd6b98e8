import type { KubernetesObject } from './kubernetes-object.ts';

/** Deployments, StatefulSets, Jobs and Pods. */
export const workloads = (objects: readonly KubernetesObject[]) =>
  objects.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job', 'Pod'].includes(kind));

/** The pod of a workload, or its template. */
export const podOf = (workload: KubernetesObject) => (workload.kind === 'Pod' ? workload : workload.spec.template);

/** Every container of a pod, init containers included. */
export const allContainers = (workload: KubernetesObject) => {
  const { initContainers = [], containers } = podOf(workload).spec;
  return [...initContainers, ...containers];
};
