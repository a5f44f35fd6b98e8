import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, parseDocument } from 'yaml';
import { runProgram } from '../../deploy/tools/src/program.ts';

const minute = 60_000;

/** Go modules with the definitions of objects, and their checksums. */
const modules = {
  kubernetes: { at: 'k8s.io/kubernetes@v1.35.4', sum: 'h1:o/8dBC/pHVpYoGV4OAIytAlNPZbdYVTXJHoYvXC4qzM=' },
  dapr: { at: 'github.com/dapr/dapr@v1.18.1', sum: 'h1:Ra9AE9ekBva6Dqc5nz71aA+I8DEdjllFqyn+Z/mBSow=' },
  keda: { at: 'github.com/kedacore/keda/v2@v2.18.1', sum: 'h1:h6bRt/IOxxtZpJlHSqhdH/lcInH7Z9obxg/JvWOmGAw=' },
  monitoring: {
    at: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
  },
  chaosMesh: {
    at: 'github.com/chaos-mesh/chaos-mesh@v0.9.1-0.20260902003049-47411975a8cb',
    sum: 'h1:0TeWmCELKreoLAXuoPaO2qpJe73foDgOoyU3fdKQN4A=',
  },
  skaffold: {
    at: 'github.com/GoogleContainerTools/skaffold/v2@v2.16.1',
    sum: 'h1:eMrp2qpn/5j2c1P/JqLo+mxcpEIdtokb/tCY2W/05ic=',
  },
} as const;

const definedIn = {
  dapr: ['components', 'configuration', 'resiliency', 'subscription'].map((name) => `charts/dapr/crds/${name}.yaml`),
  monitoring: ['prometheusrules', 'servicemonitors'].map(
    (name) => `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
  ),
  keda: ['scaledobjects', 'triggerauthentications'].map((name) => `config/crd/bases/keda.sh_${name}.yaml`),
} as const;

/** Kinds of Kubernetes that the chart may contain. */
const kinds = new Set(
  `ConfigMap Deployment Job HorizontalPodAutoscaler NetworkPolicy Pod PodDisruptionBudget Secret Service ServiceAccount
  StatefulSet`.split(/\s+/),
);

type Definitions = Readonly<Record<string, Schema>>;

/** Part of a JSON schema of Kubernetes. */
interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly [keyword: string]: unknown;
}

/**
 * Writes the schemas of the objects of Kubernetes, Dapr, KEDA and the Prometheus operator into a folder. The schemas are closed: an unknown field is invalid. Returns the pattern of their file names, for kubeconform.
 */
export async function writeSchemas(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const swagger = JSON.parse(
    await readFile(join(await downloadModule('kubernetes', folder), 'api/openapi-spec/swagger.json'), 'utf8'),
  ) as { definitions: Definitions };
  const write = (name: string, schema: Schema) =>
    writeFile(join(folder, name), JSON.stringify(withDefinitions(schema, swagger.definitions)));
  for (const [name, definition] of Object.entries(swagger.definitions)) {
    for (const { group, version, kind } of (definition['x-kubernetes-group-version-kind'] ?? []) as Kind[]) {
      if (kinds.has(kind)) await write(fileName(group, version, kind), { $ref: `#/definitions/${name}` });
    }
  }
  for (const module of ['dapr', 'keda', 'monitoring'] as const) {
    const root = await downloadModule(module, folder);
    for (const path of definedIn[module]) {
      for (const document of parseAllDocuments(await readFile(join(root, path), 'utf8'))) {
        const { group, names, versions } = document.toJS().spec;
        for (const { name, schema } of versions) {
          const own = schema.openAPIV3Schema;
          // The schema of a custom resource leaves out the metadata of an object.
          const properties = { ...own.properties, metadata: { $ref: `#/definitions/${meta}` } };
          await write(fileName(group, name, names.kind), { ...own, properties });
        }
      }
    }
  }
  return join(folder, pattern);
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** A self-contained schema: closed, and with all definitions that it refers to. */
function withDefinitions(schema: Schema, all: Definitions): unknown {
  const reached = new Set<string>();
  const visit = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      if (reached.has(name)) continue;
      reached.add(name);
      visit(all[name]);
    }
  };
  visit(schema);
  const definitions = Object.fromEntries([...reached].map((name) => [name, closed(all[name])]));
  return { ...(closed(schema) as object), definitions };
}

/** Writes the closed schemas of the objects of Chaos Mesh into a folder. Returns the pattern of their file names. */
export async function writeChaosMeshSchemas(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const root = await downloadModule('chaosMesh', folder);
  for (const name of ['podchaos', 'networkchaos', 'httpchaos']) {
    const text = await readFile(join(root, `config/crd/bases/chaos-mesh.org_${name}.yaml`), 'utf8');
    const { group, names, versions } = parseDocument(text).toJS().spec;
    for (const { name: version, schema } of versions) {
      const file = join(folder, fileName(group, version, names.kind));
      await writeFile(file, JSON.stringify(closed(schema.openAPIV3Schema)));
    }
  }
  return join(folder, pattern);
}

/** Writes skaffold's schema of skaffold.yaml into a folder. Returns the pattern of its file name. */
export async function writeSkaffoldSchema(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(await downloadModule('skaffold', folder), 'docs-v2/content/en/schemas/v4beta13.json');
  await writeFile(join(folder, fileName('skaffold', 'v4beta13', 'Config')), await readFile(path));
  return join(folder, pattern);
}

const pattern = '{{ .ResourceKind }}{{ .KindSuffix }}.json';

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const fileName = (group: string, version: string, kind: string): string =>
  `${[kind, group.split('.')[0], version].filter(Boolean).join('-').toLowerCase()}.json`;

/** Downloads a pinned module, and resolves to its folder. `folder` is any folder outside of a Go module. */
export async function downloadModule(module: keyof typeof modules, folder: string): Promise<string> {
  const { at, sum } = modules[module];
  // Outside of any module, so that Go reads only this module and not its dependencies.
  const env = { ...process.env, GOWORK: 'off', GO111MODULE: 'on', GOFLAGS: '' };
  const options = { cwd: folder, env, deadlineMs: 10 * minute };
  const downloaded = JSON.parse(await runProgram('go', ['mod', 'download', '-json', at], options));
  if (downloaded.Sum !== sum) throw new Error(`${at} has the checksum ${downloaded.Sum}, not ${sum}`);
  return downloaded.Dir;
}

/** The schema without unknown fields, and with a string or an integer where Kubernetes allows both. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { format, ...rest } = schema as Schema;
  if (format === 'int-or-string') return { oneOf: [{ type: 'string' }, { type: 'integer' }] };
  const copy = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, closed(value)]));
  // A field of an object may itself be named properties; then its value is a schema.
  const open = rest.properties === undefined || rest.additionalProperties !== undefined || rest.type !== 'object';
  return open ? copy : { ...copy, additionalProperties: false };
}
