import type { Kubectl } from './kubectl.ts';

/** Forwards a port to a release's own state store, Redis or PostgreSQL, and passes its URL to `work`. */
export async function withStateStore<T>(
  kubectl: Pick<Kubectl, 'get' | 'forward'>,
  release: string,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const name = `${release}-state-store`;
  const { data } = await kubectl.get('secret', name);
  const { spec } = await kubectl.get('statefulset', name);
  const password = Buffer.from(data.password, 'base64').toString('utf8');
  const [{ name: protocol, containerPort }] = spec.template.spec.containers[0].ports;
  const user = protocol === 'postgresql' ? 'postgres' : '';
  const database = protocol === 'postgresql' ? '/postgres' : '';
  return kubectl.forward(`pod/${name}-0`, containerPort, (port) =>
    work(`${protocol}://${user}:${password}@127.0.0.1:${port}${database}`),
  );
}
