import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CONTROL, type Fault, faultFile, GROUPS } from './schema.ts';

const FAULTS_FOLDER = join(import.meta.dirname, '../faults');

/** Reads the fault of a YAML text. Throws an error that names the file and each mistake in it. */
export function parseFault(text: string, file: string): Fault {
  const result = faultFile.safeParse(parse(text));
  if (!result.success) throw new Error(`${file}:\n${z.prettifyError(result.error)}`);
  const { name, actions } = result.data;
  if (`${name}.yaml` !== basename(file)) throw new Error(`${file}: the name must be that of the file, not ${name}`);
  if (name !== CONTROL && actions.length === 0) throw new Error(`${file}: only the fault "${CONTROL}" has no action`);
  return result.data;
}

/** All faults of a folder, by group: the control first. */
export async function readFaults(folder = FAULTS_FOLDER): Promise<readonly Fault[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).toSorted();
  const faults = await Promise.all(
    files.map(async (file) => parseFault(await readFile(join(folder, file), 'utf8'), join(folder, file))),
  );
  const rank = ({ group }: Fault) => GROUPS.indexOf(group);
  return faults.toSorted((a, b) => rank(a) - rank(b));
}
