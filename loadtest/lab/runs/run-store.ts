import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runName } from './plan.ts';
import type { RunResult } from './result.ts';

/** The results of a lab, one JSON file for each run: a lab that was ended continues with the runs that have no file. */
export interface RunStore {
  readonly folder: string;
  read(): Promise<readonly RunResult[]>;
  write(result: RunResult): Promise<void>;
}

export function openRunStore(folder: string): RunStore {
  return {
    folder,
    async read() {
      await mkdir(folder, { recursive: true });
      const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted();
      return Promise.all(files.map(async (file) => readResult(join(folder, file))));
    },
    async write(result) {
      const file = join(folder, `${runName(result.plan)}.json`);
      await writeFile(`${file}.new`, JSON.stringify(result));
      await rename(`${file}.new`, file);
    },
  };
}

async function readResult(file: string): Promise<RunResult> {
  const result = JSON.parse(await readFile(file, 'utf8')) as RunResult;
  if (result.version !== 1) throw new Error(`${file} is not a run of this version of the lab; choose another --out`);
  return result;
}
