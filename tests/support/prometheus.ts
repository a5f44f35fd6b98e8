import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findPortBase } from '@standing-order/local';
import { resolveTool } from '@standing-order/tools';
import { stringify } from 'yaml';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { answers, startChild } from './child.ts';

const DEADLINE_MS = 60_000;

/** The part of a PrometheusRule that Prometheus reads. */
export interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly { readonly alert?: string; readonly record?: string; readonly expr: string }[];
  }[];
}

/** Writes rules into a folder. Returns the path. */
export async function writeRules(folder: string, rules: Rules): Promise<string> {
  const path = join(folder, 'rules.yaml');
  await writeFile(path, stringify(rules));
  return path;
}

/** Runs promtool. Rejects with its output if it finds a fault. */
export async function promtool(args: readonly string[]): Promise<string> {
  const program = join(dirname(await resolveTool('prometheus')), 'promtool');
  return runProgram(program, args, { deadlineMs: DEADLINE_MS });
}

/** A source of metrics, and the labels that Prometheus adds. */
export interface ScrapeTarget {
  readonly url: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

/** A series of an instant query: its labels, and its value as text. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** A running Prometheus, which scrapes and evaluates its rules every second. */
export interface Prometheus {
  query(expression: string): Promise<readonly Sample[]>;
  /** Pending and firing alerts. */
  alerts(): Promise<readonly Alert[]>;
  stop(): Promise<void>;
}

/** Starts a Prometheus with its data in this folder. */
export async function startPrometheus(
  folder: string,
  rules: Rules,
  targets: readonly ScrapeTarget[],
): Promise<Prometheus> {
  await mkdir(folder, { recursive: true });
  const scrape = targets.map(({ url, labels }, index) => {
    const { host, pathname } = new URL(url);
    // A label of the target replaces the name of the job.
    return { job_name: `target-${index}`, metrics_path: pathname, static_configs: [{ targets: [host], labels }] };
  });
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [await writeRules(folder, rules)],
    scrape_configs: scrape,
  };
  const configFile = join(folder, 'prometheus.yaml');
  await writeFile(configFile, stringify(config));
  const url = `http://127.0.0.1:${await findPortBase()}`;
  const args = [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${new URL(url).host}`,
  ];
  const child = startChild(await resolveTool('prometheus'), args, join(folder, 'prometheus.log'), process.env);
  await answers(`${url}/-/ready`, child);

  async function read(path: string) {
    const response = await fetch(`${url}/api/v1/${path}`, { signal: AbortSignal.timeout(DEADLINE_MS) });
    const body = (await response.json()) as { status: string; error?: string; data: unknown };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  }
  return {
    query: async (expression) =>
      ((await read(`query?query=${encodeURIComponent(expression)}`)) as { result: Sample[] }).result,
    alerts: async () => ((await read('alerts')) as { alerts: Alert[] }).alerts,
    stop: () => child.stop(),
  };
}
