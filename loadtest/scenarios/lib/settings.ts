import { faultOfTarget } from './target.ts';

/** What every run needs; set by environment variables, all of them optional. */
export interface Settings {
  readonly orderUrl: string;
  readonly consumerUrl: string;
  readonly restaurantUrl: string;
  /** Headers of each order. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Requests that may be under way at once; what is more is dropped, and counts as not acknowledged. */
  readonly maxVUs: number;
  /** Where the summary goes as JSON; empty: nowhere. */
  readonly summaryFile: string;
  /** Numbers of the scenario at hand. */
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

/** A variable that is a number, or several with commas between. */
export interface NumberRule {
  readonly preset: string;
  readonly min: number;
  readonly max: number;
  readonly list?: boolean;
  /** Whether it may have a fraction. */
  readonly fraction?: boolean;
}

const common: Readonly<Record<string, NumberRule>> = {
  TIMEOUT_MS: { preset: '5000', min: 100, max: 60_000 },
  MAX_VUS: { preset: '2000', min: 1, max: 20_000 },
};

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables of a run: those that all scenarios have, and the numbers that the scenario at hand has.
 *
 * @throws an Error that lists every fault
 */
export function readSettings(variables: Variables, rules: Readonly<Record<string, NumberRule>>): Settings {
  const faults: string[] = [];
  const all: Record<string, NumberRule> = { ...rules, ...common };
  const numbers = Object.fromEntries(
    Object.entries(all).map(([name, rule]) => [name, numbersOf(name, variables[name], rule, faults)]),
  );
  const allowed = (variables.ALLOW_HOST ?? '').split(',').filter((host) => host !== '');
  const url = (name: string, preset: string): string => {
    const given = (variables[name] || preset).replace(/\/+$/, '');
    const fault = faultOfTarget(given, allowed);
    if (fault !== undefined) faults.push(`${name}: ${fault}`);
    return given;
  };
  const settings = {
    orderUrl: url('ORDER_URL', 'http://127.0.0.1:4000'),
    consumerUrl: url('CONSUMER_URL', 'http://127.0.0.1:4100'),
    restaurantUrl: url('RESTAURANT_URL', 'http://127.0.0.1:4200'),
    headers: {
      ...(variables.PREFER ? { prefer: variables.PREFER } : {}),
      ...(variables.ORDER_STYLE ? { 'order-style': variables.ORDER_STYLE } : {}),
    },
    timeoutMs: numbers.TIMEOUT_MS?.[0] ?? 0,
    maxVUs: numbers.MAX_VUS?.[0] ?? 0,
    summaryFile: variables.SUMMARY_FILE ?? '',
    numbers,
  };
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return settings;
}

function numbersOf(name: string, given: string | undefined, rule: NumberRule, faults: string[]): number[] {
  const { preset, min, max, list, fraction } = rule;
  const texts = (given || preset).split(list ? ',' : '\n');
  const form = fraction ? /^\d+(\.\d+)?$/ : /^\d+$/;
  const wrong = texts.filter((text) => !form.test(text) || Number(text) < min || Number(text) > max);
  const number = fraction ? 'a number' : 'a whole number';
  if (wrong.length > 0) faults.push(`${name}: "${wrong.join(',')}" is not ${number} from ${min} to ${max}`);
  return texts.map(Number);
}

/** The one number of a variable. */
export function one(settings: Settings, name: string): number {
  const [value] = settings.numbers[name] ?? [];
  if (value === undefined) throw new Error(`no number ${name}`);
  return value;
}
