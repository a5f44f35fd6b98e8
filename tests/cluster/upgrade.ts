import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { type Check, SkipCheck } from './check-runner.ts';
import { commonValues } from './checks.ts';
import { checkOrders, placeSmokeOrders } from './load.ts';
import { CHART, deleteKeptData, install, uninstallAndCompare, upgradeRelease } from './release.ts';
import { chartVersions, type Session } from './session.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** An upgrade from the chart's previous version in the history of the repository. */
export function upgradeCheck(session: Session, needs: readonly string[]): Check {
  return {
    name: "an upgrade from the chart's previous version keeps the data and loses no order",
    needs,
    expectedMs: 4 * 60_000,
    async run() {
      const { cluster, options } = session;
      const previous = await extractPreviousChart(session);
      await install(cluster, commonValues(session), previous.folder);
      const old = await placeSmokeOrders(cluster, 'before-upgrade', options.k6Image);
      await upgradeRelease(cluster, {});
      const recent = await placeSmokeOrders(cluster, 'after-upgrade', options.k6Image);
      const verdict = await checkOrders(cluster, [...old, ...recent]);
      await uninstallAndCompare(cluster);
      await deleteKeptData(cluster);
      return `from ${previous.version}: ${verdict}`;
    },
  };
}

async function extractPreviousChart({
  scratch,
  signal,
}: Session): Promise<{ readonly version: string; readonly folder: string }> {
  const current = (await chartVersions(CHART)).version;
  const git = (...args: readonly string[]) => runProgram('git', ['-C', ROOT, ...args], { signal, deadlineMs: 60_000 });
  const path = 'charts/standing-order';
  const commits = await git('log', '--format=%H', '--', path).catch((cause) => {
    throw new SkipCheck("the checkout has no history to read the chart's previous version from", { cause });
  });
  for (const commit of commits.split('\n').filter(Boolean)) {
    const text = await git('show', `${commit}:${path}/Chart.yaml`);
    const version = /^version: (\S+)/m.exec(text)?.[1] ?? '';
    if (version === current) continue;
    const folder = join(scratch, 'previous-chart');
    await mkdir(folder);
    const archive = join(scratch, 'previous-chart.tar');
    // The chart of a later version reads its Dapr objects through a link to this folder.
    const linked = await git('ls-tree', '-d', '--name-only', commit, 'deploy/dapr');
    await git('archive', '--output', archive, commit, path, ...linked.split('\n').filter(Boolean));
    await runProgram('tar', ['-xf', archive, '-C', folder], { signal, deadlineMs: 60_000 });
    return { version, folder: join(folder, path) };
  }
  throw new SkipCheck(`the history of the repository has no chart version other than ${current}`);
}
