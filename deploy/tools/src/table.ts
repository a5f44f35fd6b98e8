import { fileURLToPath } from 'node:url';
import type { Range } from './versions.ts';

/** A program of a Go module; the folder holds the go.mod and go.sum that pin everything it is made of. */
export interface GoSource {
  readonly kind: 'go';
  readonly folder: string;
  readonly program: string;
  readonly flags: readonly string[];
}

/** Packages of a Debian-like distribution; `folder` is where, inside them, the programs are (a glob). */
export interface DebianSource {
  readonly kind: 'debian';
  readonly packages: readonly string[];
  readonly folder: string;
}

/** Java programs in a Maven repository; the folder holds the artifacts.sha256 that pins every file of them. */
export interface MavenSource {
  readonly kind: 'maven';
  readonly folder: string;
  readonly version: string;
}

export interface Tool {
  /** Also the file name of the program. */
  readonly name: string;
  readonly wanted: Range;
  /** Programs that come with it and must be in the same folder. */
  readonly beside: readonly string[];
  /** How it is asked for its version; `--version` if not given. */
  readonly versionArguments?: readonly string[];
  /** Folders to look in after PATH: globs, `~` for the home folder. */
  readonly places: readonly string[];
  readonly source: GoSource | DebianSource | MavenSource;
  /** How a person gets it, for when there is no other way. */
  readonly byHand: string;
}

const pinsOf = (tool: string) => fileURLToPath(new URL(`../${tool}`, import.meta.url));

const kafkaVersion = '4.4.0';

/** Everything that the project runs and npm does not bring. A tool is added by an entry here. */
export const tools = {
  daprd: {
    name: 'daprd',
    wanted: { atLeast: '1.18.1', below: '1.19' },
    beside: [],
    places: ['~/.dapr/bin'],
    source: {
      kind: 'go',
      folder: pinsOf('daprd'),
      program: '.',
      // After the plus: this is not a release of Dapr, and has only the components that the project uses (ADR 0030).
      flags: ['-ldflags=-s -w -X github.com/dapr/dapr/pkg/buildinfo.version=1.18.1+standing-order'],
    },
    byHand: 'install the Dapr CLI and run `dapr init --slim --runtime-version 1.18.1`',
  },
  'redis-server': {
    name: 'redis-server',
    wanted: { atLeast: '7' },
    beside: [],
    places: ['/opt/homebrew/bin', '/usr/local/bin'],
    source: { kind: 'debian', packages: ['redis-server'], folder: 'usr/bin' },
    byHand: 'install Redis 7 or newer (`brew install redis`, `dnf install redis`) so that redis-server is on PATH',
  },
  postgres: {
    name: 'postgres',
    wanted: { atLeast: '15' },
    beside: ['initdb', 'pg_ctl'],
    places: [
      '/usr/lib/postgresql/*/bin',
      '/usr/pgsql-*/bin',
      '/opt/homebrew/opt/postgresql@*/bin',
      '/usr/local/opt/postgresql@*/bin',
    ],
    source: { kind: 'debian', packages: ['postgresql'], folder: 'usr/lib/postgresql/*/bin' },
    byHand: 'install PostgreSQL 15 or newer (`brew install postgresql@17`, `dnf install postgresql-server`)',
  },
  java: {
    name: 'java',
    wanted: { atLeast: '17' },
    beside: [],
    places: ['/usr/lib/jvm/*/bin', '/opt/homebrew/opt/openjdk/bin', '/usr/local/opt/openjdk/bin'],
    // 17 on Debian 12, 21 on Debian 13 and Ubuntu 24.04.
    source: { kind: 'debian', packages: ['default-jre-headless'], folder: 'usr/lib/jvm/*/bin' },
    byHand:
      'install Java 17 or newer (`brew install openjdk`, `dnf install java-21-openjdk-headless`) or set JAVA_HOME',
  },
  kafka: {
    name: 'kafka',
    wanted: { atLeast: kafkaVersion, below: '5' },
    beside: [],
    places: [],
    source: { kind: 'maven', folder: pinsOf('kafka'), version: kafkaVersion },
    byHand:
      'install Maven (`apt-get install maven`, `brew install maven`) or set MAVEN_REPOSITORY_URL to a Maven repository that can be reached',
  },
  chromium: {
    name: 'chromium',
    wanted: { atLeast: '120' },
    beside: [],
    places: ['/snap/bin'],
    // Debian has it as a package; on Ubuntu it is a snap.
    source: { kind: 'debian', packages: ['chromium'], folder: 'usr/lib/chromium' },
    byHand: 'install Chromium so that `chromium --version` works',
  },
  helm: {
    name: 'helm',
    wanted: { atLeast: '4.3.1', below: '5' },
    beside: [],
    versionArguments: ['version', '--template', '{{.Version}}'],
    places: [],
    source: {
      kind: 'go',
      folder: pinsOf('helm'),
      program: 'helm.sh/helm/v4/cmd/helm',
      flags: ['-ldflags=-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1'],
    },
    byHand: 'install Helm 4.3.1 or newer (https://helm.sh/docs/intro/install)',
  },
  kubeconform: {
    name: 'kubeconform',
    wanted: { atLeast: '0.8.0' },
    beside: [],
    versionArguments: ['-v'],
    places: [],
    source: {
      kind: 'go',
      folder: pinsOf('kubeconform'),
      program: 'github.com/yannh/kubeconform/cmd/kubeconform',
      flags: ['-ldflags=-s -w -X main.version=v0.8.0'],
    },
    byHand: 'install kubeconform 0.8.0 or newer (https://github.com/yannh/kubeconform)',
  },
  k6: {
    name: 'k6',
    wanted: { atLeast: '2.1.0', below: '3' },
    beside: [],
    places: [],
    source: {
      kind: 'go',
      folder: pinsOf('k6'),
      program: 'go.k6.io/k6/v2',
      flags: ['-ldflags=-s -w'],
    },
    byHand: 'install k6 2.1.0 or newer (https://grafana.com/docs/k6/latest/set-up/install-k6)',
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;
