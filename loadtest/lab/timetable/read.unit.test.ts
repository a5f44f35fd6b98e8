import { expect, test } from 'vitest';
import { parseFault, readFaults } from './read.ts';
import { TARGETS } from './schema.ts';

const fault = (actions: string) =>
  `name: x\ngroup: broker\ntitle: A fault\ndescription: What happens then.\nactions: ${actions}`;

test('every fault of the lab fits the schema, and the control is the first', async () => {
  const faults = await readFaults();
  expect(faults[0]).toMatchObject({ name: 'none', actions: [] });
  expect(faults.length).toBeGreaterThanOrEqual(17);
  expect(new Set(faults.map(({ title }) => title)).size).toBe(faults.length);
});

test('"everything" is every target', () => {
  expect(parseFault(fault('[{ do: kill, targets: everything }]'), 'x.yaml').actions).toEqual([
    { do: 'kill', targets: [...TARGETS] },
  ]);
});

test.each([
  ['an unknown target', '[{ do: kill, targets: [kitchen] }]', /targets/],
  ['an unknown action', '[{ do: explode, targets: [consumer] }]', /actions\[0\]/],
  ['a wipe of the state store, which would lose orders by design', '[{ do: wipe, targets: [state-store] }]', /targets/],
  ['a share above 1', '[{ do: fail, link: consumer, share: 2 }]', /share/],
  ['a field that does not exist', '[{ do: cut, link: broker, after: 3 }]', /Unrecognized key/],
  ['no action', '[]', /only the fault "none"/],
])('refuses %s and names the file', (_, actions, message) => {
  expect(() => parseFault(fault(actions), 'x.yaml')).toThrow(message);
  expect(() => parseFault(fault(actions), 'x.yaml')).toThrow('x.yaml');
});

test('refuses a name that is not that of the file', () => {
  expect(() => parseFault(fault('[{ do: cut, link: broker }]'), 'y.yaml')).toThrow('the name must be that of the file');
});
