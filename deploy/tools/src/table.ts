import { fileURLToPath } from 'node:url';
import type { VersionRange } from './versions.ts';

/** A Go program. The folder holds the go.mod and go.sum that pin all its modules. */
export interface GoSource {
  readonly kind: 'go';
  readonly folder: string;
  /** The package of the program; `.` for the one in the folder. */
  readonly program: string;
  readonly flags: readonly string[];
}

/** Packages of a Debian-like distribution. `folder` is the folder of the programs in them (a glob). */
export interface DebianSource {
  readonly kind: 'debian';
  readonly packages: readonly string[];
  readonly folder: string;
}

/** Java programs in a Maven repository. The folder holds the artifacts.sha256 that pins every file. */
export interface MavenSource {
  readonly kind: 'maven';
  readonly folder: string;
  readonly version: string;
}

export interface Tool {
  /** Also the file name of the program. */
  readonly name: string;
  readonly wanted: VersionRange;
  /** Programs that belong to it and must be in the same folder. */
  readonly companions: readonly string[];
  /** The arguments that print its version. Default: `--version`. */
  readonly versionArguments?: readonly string[];
  /** Folders to search after PATH: globs, `~` for the home folder. */
  readonly folders: readonly string[];
  readonly source: GoSource | DebianSource | MavenSource;
  /** How to install it, printed when it cannot be built. */
  readonly installHint: string;
}

const pinsFolder = (tool: string) => fileURLToPath(new URL(`../${tool}`, import.meta.url));

const KAFKA_VERSION = '4.4.0';

/** The programs that the project runs and that are not npm packages. To add a tool, add an entry. */
export const TOOLS = {
  daprd: {
    name: 'daprd',
    wanted: { atLeast: '1.18.1', below: '1.19' },
    companions: [],
    folders: ['~/.dapr/bin'],
    source: {
      kind: 'go',
      folder: pinsFolder('daprd'),
      program: '.',
      // The suffix marks a build that is not a release of Dapr (ADR 0030).
      flags: ['-ldflags=-s -w -X github.com/dapr/dapr/pkg/buildinfo.version=1.18.1+standing-order'],
    },
    installHint: 'install the Dapr CLI and run `dapr init --slim --runtime-version 1.18.1`',
  },
  'redis-server': {
    name: 'redis-server',
    wanted: { atLeast: '7' },
    companions: [],
    folders: ['/opt/homebrew/bin', '/usr/local/bin'],
    source: { kind: 'debian', packages: ['redis-server'], folder: 'usr/bin' },
    installHint: 'install Redis 7 or newer (`brew install redis`, `dnf install redis`) so that redis-server is on PATH',
  },
  postgres: {
    name: 'postgres',
    wanted: { atLeast: '15' },
    companions: ['initdb', 'pg_ctl'],
    folders: [
      '/usr/lib/postgresql/*/bin',
      '/usr/pgsql-*/bin',
      '/opt/homebrew/opt/postgresql@*/bin',
      '/usr/local/opt/postgresql@*/bin',
    ],
    source: { kind: 'debian', packages: ['postgresql'], folder: 'usr/lib/postgresql/*/bin' },
    installHint: 'install PostgreSQL 15 or newer (`brew install postgresql@17`, `dnf install postgresql-server`)',
  },
  java: {
    name: 'java',
    wanted: { atLeast: '17' },
    companions: [],
    folders: ['/usr/lib/jvm/*/bin', '/opt/homebrew/opt/openjdk/bin', '/usr/local/opt/openjdk/bin'],
    // 17 on Debian 12, 21 on Debian 13 and Ubuntu 24.04.
    source: { kind: 'debian', packages: ['default-jre-headless'], folder: 'usr/lib/jvm/*/bin' },
    installHint:
      'install Java 17 or newer (`brew install openjdk`, `dnf install java-21-openjdk-headless`) or set JAVA_HOME',
  },
  kafka: {
    name: 'kafka',
    wanted: { atLeast: KAFKA_VERSION, below: '5' },
    companions: [],
    folders: [],
    source: { kind: 'maven', folder: pinsFolder('kafka'), version: KAFKA_VERSION },
    installHint:
      'install Maven (`apt-get install maven`, `brew install maven`) or set MAVEN_REPOSITORY_URL to a reachable Maven repository',
  },
  chromium: {
    name: 'chromium',
    wanted: { atLeast: '120' },
    companions: [],
    folders: ['/snap/bin'],
    // Debian has a package. On Ubuntu it is a snap.
    source: { kind: 'debian', packages: ['chromium'], folder: 'usr/lib/chromium' },
    installHint: 'install Chromium so that `chromium --version` works',
  },
  prometheus: {
    name: 'prometheus',
    wanted: { atLeast: '2.42' },
    companions: ['promtool'],
    folders: ['/opt/homebrew/bin', '/usr/local/bin'],
    source: { kind: 'debian', packages: ['prometheus'], folder: 'usr/bin' },
    installHint: 'install Prometheus 2.42 or newer so that prometheus and promtool are on PATH',
  },
  nginx: {
    name: 'nginx',
    wanted: { atLeast: '1.22' },
    companions: [],
    versionArguments: ['-v'],
    folders: ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin', '/usr/local/bin'],
    source: { kind: 'debian', packages: ['nginx'], folder: 'usr/sbin' },
    installHint: 'install nginx 1.22 or newer (`brew install nginx`, `dnf install nginx`) so that nginx is on PATH',
  },
  helm: {
    name: 'helm',
    wanted: { atLeast: '4.3.1', below: '5' },
    companions: [],
    versionArguments: ['version', '--template', '{{.Version}}'],
    folders: [],
    source: {
      kind: 'go',
      folder: pinsFolder('helm'),
      program: 'helm.sh/helm/v4/cmd/helm',
      flags: ['-ldflags=-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1'],
    },
    installHint: 'install Helm 4.3.1 or newer (https://helm.sh/docs/intro/install)',
  },
  kubeconform: {
    name: 'kubeconform',
    wanted: { atLeast: '0.8.0' },
    companions: [],
    versionArguments: ['-v'],
    folders: [],
    source: {
      kind: 'go',
      folder: pinsFolder('kubeconform'),
      program: 'github.com/yannh/kubeconform/cmd/kubeconform',
      flags: ['-ldflags=-s -w -X main.version=v0.8.0'],
    },
    installHint: 'install kubeconform 0.8.0 or newer (https://github.com/yannh/kubeconform)',
  },
  k6: {
    name: 'k6',
    wanted: { atLeast: '2.1.0', below: '3' },
    companions: [],
    folders: [],
    source: {
      kind: 'go',
      folder: pinsFolder('k6'),
      program: 'go.k6.io/k6/v2',
      flags: ['-ldflags=-s -w'],
    },
    installHint: 'install k6 2.1.0 or newer (https://grafana.com/docs/k6/latest/set-up/install-k6)',
  },
  'toxiproxy-server': {
    name: 'toxiproxy-server',
    wanted: { atLeast: '2.12.0', below: '3' },
    companions: [],
    folders: [],
    source: {
      kind: 'go',
      folder: pinsFolder('toxiproxy'),
      program: 'github.com/Shopify/toxiproxy/v2/cmd/server',
      flags: ['-ldflags=-s -w -X github.com/Shopify/toxiproxy/v2.Version=2.12.0'],
    },
    installHint: 'install toxiproxy 2.12.0 or newer (https://github.com/Shopify/toxiproxy/releases)',
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;
