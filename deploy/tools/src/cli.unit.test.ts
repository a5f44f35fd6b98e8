import { afterEach, beforeEach, expect, type Mock, test, vi } from 'vitest';
import { createCommand, createIntegerOption, givenPath, runCommand, UsageError } from './cli.ts';

let printed: string;
let action: Mock<() => Promise<void>>;

beforeEach(() => {
  printed = '';
  action = vi.fn();
  vi.spyOn(console, 'error').mockImplementation((line) => {
    printed += `${line}\n`;
  });
  process.exitCode = undefined;
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

const collect = (text: string) => {
  printed += text;
};

async function run(...argv: string[]): Promise<void> {
  const command = createCommand('parrot', 'Feeds the parrot.')
    .configureOutput({ writeOut: collect, writeErr: collect })
    .addOption(createIntegerOption('--seeds <count>', 'how many', { min: 1, max: 9 }));
  command.command('stop').action(action);
  command.action(action);
  await runCommand(command, argv);
}

test('passes an integer within its limits to the action', async () => {
  await run('--seeds', '9');
  expect(action).toHaveBeenCalledWith({ seeds: 9 }, expect.anything());
  expect(process.exitCode).toBeUndefined();
});

test.each(['0', '10', '1.5', '1e0', 'many', ''])(
  'rejects the integer %j with its limits and exit code 2',
  async (value) => {
    await run('--seeds', value);
    expect(printed).toBe('error: --seeds must be an integer between 1 and 9\nSee npm run parrot -- --help.\n');
    expect(process.exitCode).toBe(2);
    expect(action).not.toHaveBeenCalled();
  },
);

test.each([
  ['an unknown option', ['--beak'], "error: unknown option '--beak'"],
  ['an option without its value', ['--seeds'], "error: option '--seeds <count>' argument missing"],
  ['an unexpected argument', ['stop', 'now'], 'error: too many arguments for'],
])('rejects %s with exit code 2 and the command for help', async (_, argv, message) => {
  await run(...argv);
  expect(printed).toContain(message);
  expect(printed).toContain('See npm run parrot -- --help.\n');
  expect(process.exitCode).toBe(2);
  expect(action).not.toHaveBeenCalled();
});

test('prints help with exit code 0', async () => {
  await run('--help');
  expect(printed).toContain('Usage: npm run parrot --');
  expect(printed).toContain('--seeds <count>');
  expect(process.exitCode).toBe(0);
});

test.each([
  [new UsageError('the parrot is asleep'), 2, 'error: the parrot is asleep\nSee npm run parrot -- --help.\n'],
  [new Error('the parrot escaped'), 1, 'the parrot escaped\n'],
])('prints an error of the action: %s', async (error, exitCode, message) => {
  action.mockRejectedValue(error);
  await run();
  expect(printed).toBe(message);
  expect(process.exitCode).toBe(exitCode);
});

test('resolves a path against the folder in which npm was called', () => {
  vi.stubEnv('INIT_CWD', '/nest');
  expect(givenPath('eggs')).toBe('/nest/eggs');
  expect(givenPath('/other')).toBe('/other');
});
