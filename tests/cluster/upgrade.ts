import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { type Check, type Measure, SkipCheck } from './check-runner.ts';
import { commonValues } from './checks.ts';
import { describeWindow } from './fault-window.ts';
import { buildServicesImage } from './images.ts';
import { checkOrders, placeSmokeOrders, SteadyLoad } from './load.ts';
import { CHART, deleteKeptData, install, uninstallAndCompare, upgradeRelease, type Values } from './release.ts';
import { chartVersions, type Session } from './session.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CHART_PATH = 'charts/standing-order';
/** The image of the services of the previous version, in the disposable cluster. */
const PREVIOUS_IMAGE = { repository: 'standing-order', tag: 'previous' };

/** An upgrade may restart the stores, and their room must not go to the additional pods of the services. */
const PRIORITY = 'standing-order-test-stores';
const STORE_PRIORITY = { 'stateStore.priorityClassName': PRIORITY, 'broker.priorityClassName': PRIORITY };

/** The chart and the services of an earlier version. */
interface PreviousVersion {
  readonly version: string;
  /** A folder with the repository of that version. */
  readonly folder: string;
}

/** An upgrade from the chart's previous version in the history of the repository. */
export function upgradeCheck(session: Session, needs: readonly string[]): Check {
  return {
    name: "an upgrade from the chart's previous version keeps the data and loses no order",
    needs,
    expectedMs: 6 * 60_000,
    run: async (measure) => {
      const { cluster } = session;
      await cluster.apply({
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: PRIORITY },
        value: 1_000,
      });
      try {
        return await upgradeUnderLoad(session, measure);
      } finally {
        await cluster.kubectl(['delete', 'priorityclass', PRIORITY]);
      }
    },
  };
}

async function upgradeUnderLoad(session: Session, measure: Measure): Promise<string> {
  const { cluster, options } = session;
  const { version, folder } = await extractPreviousVersion(session);
  const services = options.testCluster ? 'with its own services' : 'with the services of this version';
  // The same values before and after: what restarts, the new version restarts.
  const values = { ...commonValues(session), ...STORE_PRIORITY };
  await install(cluster, { ...values, ...(await previousImage(session, folder)) }, join(folder, CHART_PATH));
  const old = await placeSmokeOrders(cluster, 'before-upgrade', options.k6Image);
  const load = new SteadyLoad(cluster, 'load-upgrade');
  await load.start(options.k6Image);
  // Pods of both versions run side by side.
  const faultWindow = await load.during(() => upgradeRelease(cluster, values));
  const recent = await load.stop();
  const checked = await checkOrders(cluster, [...old, ...recent]);
  measure(`upgrade from version ${version} of the chart, ${services}`, describeWindow(faultWindow));
  await uninstallAndCompare(cluster);
  await deleteKeptData(cluster);
  return `from ${version} ${services}: ${describeWindow(faultWindow)}; ${checked}`;
}

/** Builds the services' image of the previous version. Only the disposable cluster can receive it; others keep the given image. */
async function previousImage(session: Session, folder: string): Promise<Values> {
  if (!session.options.testCluster) return {};
  const { repository, tag } = PREVIOUS_IMAGE;
  await buildServicesImage(session, `${repository}:${tag}`, folder);
  return { 'image.repository': repository, 'image.tag': tag };
}

async function extractPreviousVersion({ options, scratch, signal }: Session): Promise<PreviousVersion> {
  const current = (await chartVersions(CHART)).version;
  const git = (...args: readonly string[]) => runProgram('git', ['-C', ROOT, ...args], { signal, deadlineMs: 60_000 });
  const range = options.upgradeFrom === undefined ? [] : [options.upgradeFrom];
  const commits = await git('log', '--format=%H', ...range, '--', CHART_PATH).catch((cause) => {
    throw new SkipCheck("the checkout has no history to read the chart's previous version from", { cause });
  });
  for (const commit of commits.split('\n').filter(Boolean)) {
    const text = await git('show', `${commit}:${CHART_PATH}/Chart.yaml`);
    const version = /^version: (\S+)/m.exec(text)?.[1] ?? '';
    if (version === current) continue;
    const folder = join(scratch, 'previous-version');
    const archive = join(scratch, 'previous-version.tar');
    await mkdir(folder);
    await git('archive', '--output', archive, commit);
    await runProgram('tar', ['-xf', archive, '-C', folder], { signal, deadlineMs: 60_000 });
    return { version, folder };
  }
  throw new SkipCheck(`the history of the repository has no chart version other than ${current}`);
}
