// Runs one of the project's TypeScript programs from a fresh clone on whatever Node is there: installs the packages if
// they are missing or out of date, finds a Node that runs TypeScript, and hands over to it.
//
//   node deploy/run.mjs ENTRY.ts [ARGUMENT...]
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAttached } from './tools/src/plain/attached.mjs';
import { interruptible } from './tools/src/plain/interrupt.mjs';
import { withLock } from './tools/src/plain/lock.mjs';
import { runProgram } from './tools/src/plain/program.mjs';
import { inWords, reportTo, telling } from './tools/src/plain/report.mjs';

const minute = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const oldestNode = Number(/\d+/.exec(readJson('package.json').engines.node)?.[0]);

try {
  await installPackages();
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
  process.exitCode = (await runAttached(await findNode(), process.argv.slice(2), { env })).code;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function installPackages() {
  if (packagesAreCurrent()) return;
  const report = reportTo(process.stderr);
  const options = {
    deadlineMs: 20 * minute,
    /** @type {(holder: number, waitedMs: number) => void} */
    onWait: (holder, ms) => report.progress(`Process ${holder} is installing the packages, waiting, ${inWords(ms)}`),
  };
  await interruptible((signal) =>
    withLock(join(root, '.standing-order', 'install.lock'), { ...options, signal }, async () => {
      report.done();
      if (!packagesAreCurrent()) await npmCi(report, signal);
    }),
  );
}

/** Whether what npm noted of its last complete installation is what package-lock.json asks for. */
function packagesAreCurrent() {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const wanted = readJson('package-lock.json').packages;
  const installed = readJson(join('node_modules', '.package-lock.json')).packages;
  return Object.keys(wanted).every((path) => {
    if (!path.startsWith('node_modules/')) return true;
    const [want, have] = [wanted[path], installed[path]];
    if (have === undefined) return want.optional === true;
    return want.version === have.version && want.integrity === have.integrity;
  });
}

/**
 * @param {import('./tools/src/plain/report.mjs').Report} report
 * @param {AbortSignal} signal
 */
async function npmCi(report, signal) {
  const began = performance.now();
  // The npm that runs this script, if one does. Errors only: on an older Node it warns of every package.
  const running = process.env.npm_execpath ?? '';
  const isNpm = running.endsWith('npm-cli.js');
  const args = [
    'ci',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  try {
    await telling(report, 'Installing the packages (npm ci)', () =>
      runProgram(isNpm ? process.execPath : 'npm', isNpm ? [running, ...args] : args, {
        cwd: root,
        deadlineMs: 15 * minute,
        signal,
      }),
    );
    report.note(`Packages installed in ${inWords(performance.now() - began)}`);
  } catch (cause) {
    throw new Error(`The packages could not be installed: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** The path of a Node that is new enough: this one, the one among the packages, or one on PATH. */
async function findNode() {
  if (isNewEnough(process.version)) return process.execPath;
  for (const folder of [bin, ...(process.env.PATH ?? '').split(delimiter)]) {
    const path = join(folder, 'node');
    if (!existsSync(path)) continue;
    const version = await runProgram(path, ['--version'], { deadlineMs: minute }).catch(() => '');
    if (isNewEnough(version)) return path;
  }
  throw new Error(
    `Node.js ${oldestNode} or newer is needed, this is ${process.version}, and npm brings one only on Linux (x64, ` +
      `arm64): get it from https://nodejs.org or with \`nvm install ${oldestNode}\`.`,
  );
}

/** @param {string} version such as v24.1.0 */
function isNewEnough(version) {
  return Number(/^v(\d+)/.exec(version)?.[1]) >= oldestNode;
}

/** @param {string} path from the root of the repository */
function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
