import { answersOk, until } from '@standing-order/local/wait';
import type { Testbed } from '../testbed/testbed.ts';
import type { Link } from '../timetable/schema.ts';
import type { Applied } from './injector.ts';
import { READY_MS, responseMs } from './probes.ts';

/** A proxy that delays or cuts shows it within this time. */
const EFFECT_MS = 400;
const HEALTHY_MS = 5_000;

/** Faults between sidecars and stores, by toxiproxy, and in front of the consumer service, by a proxy of the lab. */
export function createLinkFaults(testbed: Testbed, signal: AbortSignal) {
  const { platform, toxiproxy, consumerProxy, proxyPorts, broker } = testbed;
  const measure = (link: Exclude<Link, 'consumer'>, withinMs: number) =>
    responseMs(link === 'broker' ? broker : 'redis', proxyPorts[link], withinMs);

  async function healed(link: Exclude<Link, 'consumer'>): Promise<void> {
    await toxiproxy.heal(link);
    if ((await measure(link, HEALTHY_MS)) === undefined) throw new Error(`${link} does not respond through its proxy`);
    await platform.ready(READY_MS);
  }

  async function delay(link: Link, ms: number): Promise<Applied> {
    if (link === 'consumer') return applyToConsumer((on) => Object.assign(consumerProxy, { delayMs: on ? ms : 0 }), ms);
    await toxiproxy.delay(link, ms);
    const measured = await measure(link, ms + HEALTHY_MS);
    if (measured !== undefined && measured >= ms) return { undo: () => healed(link) };
    await healed(link);
    throw new Error(`${link} responds after ${measured} ms with a delay of ${ms} ms`);
  }

  async function cut(link: Exclude<Link, 'consumer'>): Promise<Applied> {
    await toxiproxy.cut(link);
    if ((await measure(link, EFFECT_MS)) === undefined) return { undo: () => healed(link) };
    await healed(link);
    throw new Error(`${link} still responds`);
  }

  /** Changes the proxy of the consumer service, and reads a consumer twice through it: one request in two fails. */
  async function applyToConsumer(set: (on: boolean) => void, delayMs: number): Promise<Applied> {
    const probe = async () => {
      const startedAt = performance.now();
      const url = `http://127.0.0.1:${proxyPorts.consumer}/consumers/lab-probe`;
      const { status } = await fetch(url, { signal: AbortSignal.timeout(delayMs + HEALTHY_MS) });
      return { failed: status === 500, ms: performance.now() - startedAt };
    };
    const probes = async () => Promise.all([probe(), probe(), probe(), probe()]);
    set(true);
    const seen = await probes();
    const undo = async () => {
      set(false);
      if ((await probes()).some(({ failed }) => failed)) throw new Error('the consumer service still fails');
      await until(
        'the consumer service is not ready',
        answersOk(`${platform.urls.consumer[0]}/readyz`),
        READY_MS,
        signal,
      );
    };
    const effective = delayMs > 0 ? seen.every(({ ms }) => ms >= delayMs) : seen.some(({ failed }) => failed);
    if (effective) return { undo };
    await undo();
    throw new Error(`the consumer service works as before: ${JSON.stringify(seen)}`);
  }

  return {
    delay,
    cut,
    /** Makes this share of the requests to the consumer service fail. */
    fail: (share: number) => applyToConsumer((on) => Object.assign(consumerProxy, { failingShare: on ? share : 0 }), 0),
  };
}
