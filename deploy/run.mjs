// Runs a TypeScript program of the project from a fresh clone, on any Node from 18: installs the packages if they are
// missing or out of date, finds a Node that runs TypeScript, and starts the program with it.
//
//   node deploy/run.mjs ENTRY.ts [ARGUMENT...]
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAttached } from './tools/src/bootstrap/attached.mjs';
import { interruptible } from './tools/src/bootstrap/interrupt.mjs';
import { withLock } from './tools/src/bootstrap/lock.mjs';

const MINUTE = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'node_modules', '.bin');
const oldestNode = Number(/\d+/.exec(readJson('package.json').engines.node)?.[0]);

try {
  await installPackages();
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
  process.exitCode = (await runAttached(findNode(), process.argv.slice(2), { env })).code;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function installPackages() {
  if (packagesAreCurrent()) return;
  let isWaiting = false;
  /** @param {number} holder */
  const onWait = (holder) => {
    if (!isWaiting) console.error(`Waiting for process ${holder}, which installs the packages`);
    isWaiting = true;
  };
  await interruptible((signal) =>
    withLock(join(root, '.standing-order', 'install.lock'), { deadlineMs: 20 * MINUTE, signal, onWait }, async () => {
      if (!packagesAreCurrent()) await npmCi();
    }),
  );
}

/** Compares package-lock.json with npm's record of its last complete installation. */
function packagesAreCurrent() {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const wanted = readJson('package-lock.json').packages;
  const installed = readJson(join('node_modules', '.package-lock.json')).packages;
  return Object.keys(wanted).every((path) => {
    // A workspace's own packages are below its folder.
    if (!path.split('/').includes('node_modules')) return true;
    const [want, have] = [wanted[path], installed[path]];
    if (have === undefined) return want.optional === true;
    return want.version === have.version && want.integrity === have.integrity;
  });
}

async function npmCi() {
  console.error('Installing the packages (npm ci)');
  const began = performance.now();
  // The npm that runs this script, if there is one. Errors only: an older Node causes a warning for every package.
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
  const { code } = await runAttached(isNpm ? process.execPath : 'npm', isNpm ? [running, ...args] : args, {
    cwd: root,
    deadlineMs: 15 * MINUTE,
    // To stderr only: stdout belongs to the program.
    stdio: ['ignore', process.stderr, process.stderr],
  });
  if (code !== 0) throw new Error(`The packages could not be installed: npm ci failed with exit code ${code}`);
  console.error(`Packages installed in ${Math.round((performance.now() - began) / 1_000)} s`);
}

/** The path of a Node that is new enough: this one, the one in the packages, or one on PATH. */
function findNode() {
  if (isNewEnough(process.version)) return process.execPath;
  for (const folder of [bin, ...(process.env.PATH ?? '').split(delimiter)]) {
    const path = join(folder, 'node');
    if (!existsSync(path)) continue;
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: MINUTE });
    if (isNewEnough(stdout)) return path;
  }
  throw new Error(
    `Node.js ${oldestNode} or newer is required, this is ${process.version}. The packages include one only for Linux ` +
      `(x64, arm64). Get it from https://nodejs.org or with \`nvm install ${oldestNode}\`.`,
  );
}

/** @param {string | null} version such as v24.1.0; null if the program did not start */
function isNewEnough(version) {
  return Number(/^v(\d+)/.exec(version ?? '')?.[1]) >= oldestNode;
}

/** @param {string} path relative to the root of the repository */
function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
