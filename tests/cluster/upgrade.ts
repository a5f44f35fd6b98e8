import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runProgram } from '../../deploy/tools/src/program.ts';
import { valuesOf } from './checks.ts';
import { checked, smoke } from './load.ts';
import { CHART, install, removeWhatIsKept, uninstallAndCompare, upgrade } from './release.ts';
import { type Check, NotHere } from './report.ts';
import { chartVersions, type Session } from './session.ts';

const root = resolve(import.meta.dirname, '../..');

/** An upgrade from the last version of the chart before this one, as the repository's history has it. */
export function upgradeCheck(session: Session, needs: readonly string[]): Check {
  return {
    name: "upgrade from the chart's version before: data is kept, nothing is lost",
    needs,
    takesMs: 4 * 60_000,
    async run() {
      const { cluster, options } = session;
      const before = await chartBefore(session);
      await install(cluster, valuesOf(session), before.folder);
      const old = await smoke(cluster, 'before-upgrade', options.k6Image);
      await upgrade(cluster, {});
      const recent = await smoke(cluster, 'after-upgrade', options.k6Image);
      const verdict = await checked(cluster, [...old, ...recent]);
      await uninstallAndCompare(cluster);
      await removeWhatIsKept(cluster);
      return `from ${before.version}: ${verdict}`;
    },
  };
}

async function chartBefore({
  scratch,
  signal,
}: Session): Promise<{ readonly version: string; readonly folder: string }> {
  const now = (await chartVersions(CHART)).version;
  const git = (...args: readonly string[]) => runProgram('git', ['-C', root, ...args], { signal, deadlineMs: 60_000 });
  const path = 'charts/standing-order';
  const commits = await git('log', '--format=%H', '--', path).catch((cause) => {
    throw new NotHere('there is no history of the repository to find it in', { cause });
  });
  for (const commit of commits.split('\n').filter(Boolean)) {
    const text = await git('show', `${commit}:${path}/Chart.yaml`);
    const version = /^version: (\S+)/m.exec(text)?.[1] ?? '';
    if (version === now) continue;
    const folder = join(scratch, 'chart-before');
    await mkdir(folder);
    const archive = join(scratch, 'chart-before.tar');
    // The chart of a later version reads its Dapr objects through a link to this folder.
    const linked = await git('ls-tree', '-d', '--name-only', commit, 'deploy/dapr');
    await git('archive', '--output', archive, commit, path, ...linked.split('\n').filter(Boolean));
    await runProgram('tar', ['-xf', archive, '-C', folder], { signal, deadlineMs: 60_000 });
    return { version, folder: join(folder, path) };
  }
  throw new NotHere(`the history of the repository has no other version than ${now}`);
}
