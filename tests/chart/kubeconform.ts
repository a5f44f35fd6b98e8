import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { resolveTool } from '@standing-order/tools';

/** The result of kubeconform for one object. */
export interface Judged {
  readonly filename: string;
  readonly kind: string;
  /** `statusValid`, `statusInvalid`, `statusSkipped` or `statusError`. */
  readonly status: string;
  readonly msg: string;
}

/** The results of kubeconform for every object in a file or a folder. `schemas` is the pattern of the schemas' file names. */
export async function judge(path: string, schemas: string): Promise<readonly Judged[]> {
  const args = ['-strict', '-verbose', '-output', 'json', '-schema-location', schemas, path];
  const run = promisify(execFile)(await resolveTool('kubeconform'), args, { timeout: 60_000, maxBuffer: 2 ** 26 });
  // With an invalid object, the output is the same and the exit code is 1.
  const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
  return (JSON.parse(stdout) as { resources: Judged[] }).resources;
}
