import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Expression, parseSync } from 'oxc-parser';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

test('the simulated deployments use the settings of the order service for each broker', async () => {
  const ofService = await readConstant('services/order/src/outbox/broker-settings.ts', 'SETTINGS');
  expect(Object.keys(ofService as object).toSorted()).toEqual(['kafka', 'redis']);
  expect(await readConstant('packages/outbox/simulation/scale/release.ts', 'SETTINGS')).toEqual(ofService);
});

/** The value of a constant of a module, which may be an object literal. The modules cannot be imported: they do not export it. */
async function readConstant(path: string, name: string): Promise<unknown> {
  const { program } = parseSync(path, await readFile(resolve(ROOT, path), 'utf8'));
  const declarations = program.body.flatMap((node) => (node.type === 'VariableDeclaration' ? node.declarations : []));
  const found = declarations.find(({ id }) => id.type === 'Identifier' && id.name === name);
  if (!found?.init) throw new Error(`${path} has no constant ${name}`);
  return evaluate(found.init);
}

function evaluate(node: Expression): unknown {
  switch (node.type) {
    case 'Literal':
      return node.value;
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return evaluate(node.expression);
    case 'ObjectExpression':
      return Object.fromEntries(
        node.properties.map((property) => {
          if (property.type !== 'Property' || property.key.type !== 'Identifier')
            throw new Error('a setting must have a name and a literal value');
          return [property.key.name, evaluate(property.value)];
        }),
      );
    default:
      throw new Error(`a setting must be a literal, not ${node.type}`);
  }
}
