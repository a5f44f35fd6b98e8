import { resolve } from 'node:path';
import { Argument, Command, CommanderError, Option } from 'commander';

export { Argument, Command, Option };

const FAILURE = 1;
const USAGE_ERROR = 2;

/** The inclusive limits of an integer option. */
export interface IntegerLimits {
  readonly min: number;
  readonly max: number;
}

/** Resolves a path against the folder in which npm was called. npm runs programs in the root of the repository. */
export const givenPath = (path: string): string => resolve(process.env.INIT_CWD ?? '', path);

/**
 * Creates the command of an npm script, such as `tools`. Its subcommands inherit the settings. `parse` throws a
 * `CommanderError` after `--help` and on a usage error; `runCommand` turns the error into an exit code.
 */
export function createCommand(script: string, description: string): Command {
  return new Command(`npm run ${script} --`)
    .description(description)
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .showHelpAfterError(`See npm run ${script} -- --help.`)
    .exitOverride();
}

/** An option whose value is an integer within limits, such as `--port-base <port>`. */
export function createIntegerOption(flags: string, description: string, { min, max }: IntegerLimits): Option {
  const option = new Option(flags, description);
  return option.argParser((value: string) => {
    const integer = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (integer >= min && integer <= max) return integer;
    throw new UsageError(`${option.long} must be an integer between ${min} and ${max}`);
  });
}

/** An error in the arguments that only the program can detect. `runCommand` prints it and how to get help. */
export class UsageError extends Error {}

/** Runs a command. Sets the exit code: 2 after a usage error, 1 if the action rejects; the action may set others. */
export async function runCommand(command: Command, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  try {
    await command.parseAsync(argv, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCodeOf(command, error);
  }
}

function exitCodeOf(command: Command, error: unknown): number {
  // Commander has printed its message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
  if (error instanceof UsageError) {
    console.error(`error: ${error.message}\nSee ${command.name()} --help.`);
    return USAGE_ERROR;
  }
  console.error(error instanceof Error ? error.message : error);
  return FAILURE;
}
