import type { Kubectl } from './kubectl.ts';

/** Forwards a port to a release's own state store, Redis or PostgreSQL, and passes its URL to `work`. */
export async function withStateStore<T>(
  kubectl: Pick<Kubectl, 'get' | 'forward'>,
  release: string,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const { data } = await kubectl.get('secret', `${release}-state-store`);
  const password = Buffer.from(data.password, 'base64').toString('utf8');
  const isPostgresql = data.connectionString !== undefined;
  return kubectl.forward(`pod/${release}-state-store-0`, isPostgresql ? 5_432 : 6_379, (port) =>
    work(
      isPostgresql
        ? `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`
        : `redis://:${password}@127.0.0.1:${port}`,
    ),
  );
}
