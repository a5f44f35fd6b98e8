import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ServiceName } from '../../src/ports.ts';

/** An app of a multi-app run file of the Dapr CLI. Its paths are relative to `appDirPath`, which is relative to the file. */
export interface App {
  readonly appID: ServiceName;
  readonly appDirPath: string;
  /** Instead of that of all apps. */
  readonly configFilePath?: string;
  readonly appPort: number;
  readonly daprHTTPPort: number;
  readonly daprGRPCPort: number;
  readonly daprInternalGRPCPort: number;
  readonly metricsPort: number;
  readonly command: readonly [string, string];
  readonly env: Readonly<Record<string, string>>;
}

export interface RunFile {
  readonly version: number;
  /** Settings of all apps. Paths are relative to the file. */
  readonly common: {
    readonly resourcesPaths: readonly string[];
    readonly configFilePath: string;
    readonly appProtocol: string;
    readonly apiListenAddresses: string;
    readonly placementHostAddress: string;
    readonly schedulerHostAddress: string;
    readonly logLevel: string;
  };
  readonly apps: readonly App[];
}

export const readRunFile = async (folder: string): Promise<RunFile> =>
  parse(await readFile(join(folder, 'dapr.yaml'), 'utf8'));
