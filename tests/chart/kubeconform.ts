import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { resolveTool } from '@standing-order/tools';

/** What kubeconform says of one object. */
export interface Judged {
  readonly filename: string;
  readonly kind: string;
  /** `statusValid`, `statusInvalid`, `statusSkipped` or `statusError`. */
  readonly status: string;
  readonly msg: string;
}

/** What kubeconform says of every object in a file or a folder, by the schemas whose file names have this pattern. */
export async function judge(path: string, schemas: string): Promise<readonly Judged[]> {
  const args = ['-strict', '-verbose', '-output', 'json', '-skip', 'ServiceMonitor', '-schema-location', schemas, path];
  const run = promisify(execFile)(await resolveTool('kubeconform'), args, { timeout: 60_000, maxBuffer: 2 ** 26 });
  // It says the same and ends with 1 when it has found a fault.
  const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
  return (JSON.parse(stdout) as { resources: Judged[] }).resources;
}
