import { targetFault } from './target.ts';

/** Settings of every run, from environment variables that are all optional. */
export interface Settings {
  readonly orderUrl: string;
  readonly consumerUrl: string;
  readonly restaurantUrl: string;
  /** Additional headers of each order. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers of every request, those of the setup included: the token of an administrator, where callers need one. */
  readonly authorization: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Requests in flight at once; further ones are dropped and count as not acknowledged. */
  readonly maxVUs: number;
  /** File for the summary as JSON; empty: none. */
  readonly summaryFile: string;
  /** Numbers of the scenario. */
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

/** A variable that is a number, or a list of numbers with commas. */
export interface NumberRule {
  readonly default: string;
  readonly min: number;
  readonly max: number;
  readonly list?: boolean;
  /** Whether a fraction is allowed. */
  readonly fraction?: boolean;
}

const COMMON_RULES: Readonly<Record<string, NumberRule>> = {
  TIMEOUT_MS: { default: '5000', min: 100, max: 60_000 },
  MAX_VUS: { default: '2000', min: 1, max: 20_000 },
};

type Variables = Readonly<Record<string, string | undefined>>;

/** A bearer token in the notation of RFC 6750. */
const TOKEN = /^[\w.~+/-]+=*$/;

/**
 * Reads the variables of a run: those of all scenarios, and the numbers of its own scenario.
 *
 * @throws an Error that lists every fault
 */
export function readSettings(variables: Variables, rules: Readonly<Record<string, NumberRule>>): Settings {
  const faults: string[] = [];
  const all: Record<string, NumberRule> = { ...rules, ...COMMON_RULES };
  const numbers = Object.fromEntries(
    Object.entries(all).map(([name, rule]) => [name, parseNumbers(name, variables[name], rule, faults)]),
  );
  const allowed = (variables.ALLOW_HOST ?? '').split(',').filter((host) => host !== '');
  const url = (name: string, defaultUrl: string): string => {
    const given = (variables[name] || defaultUrl).replace(/\/+$/, '');
    const fault = targetFault(given, allowed);
    if (fault !== undefined) faults.push(`${name}: ${fault}`);
    return given;
  };
  const token = variables.BEARER_TOKEN ?? '';
  // The fault does not repeat the value, which is a secret.
  if (token !== '' && !TOKEN.test(token)) faults.push('BEARER_TOKEN: is not a bearer token');
  const settings = {
    orderUrl: url('ORDER_URL', 'http://127.0.0.1:4000'),
    consumerUrl: url('CONSUMER_URL', 'http://127.0.0.1:4100'),
    restaurantUrl: url('RESTAURANT_URL', 'http://127.0.0.1:4200'),
    headers: {
      ...(variables.PREFER ? { prefer: variables.PREFER } : {}),
      ...(variables.ORDER_STYLE ? { 'order-style': variables.ORDER_STYLE } : {}),
    },
    authorization: token === '' ? {} : { authorization: `Bearer ${token}` },
    timeoutMs: numbers.TIMEOUT_MS?.[0] ?? 0,
    maxVUs: numbers.MAX_VUS?.[0] ?? 0,
    summaryFile: variables.SUMMARY_FILE ?? '',
    numbers,
  };
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return settings;
}

function parseNumbers(name: string, given: string | undefined, rule: NumberRule, faults: string[]): number[] {
  const { default: defaultText, min, max, list, fraction } = rule;
  const texts = (given || defaultText).split(list ? ',' : '\n');
  const form = fraction ? /^\d+(\.\d+)?$/ : /^\d+$/;
  const wrong = texts.filter((text) => !form.test(text) || Number(text) < min || Number(text) > max);
  const number = fraction ? 'a number' : 'a whole number';
  if (wrong.length > 0) faults.push(`${name}: "${wrong.join(',')}" is not ${number} from ${min} to ${max}`);
  return texts.map(Number);
}

/** The value of a variable that is not a list. */
export function numberOf(settings: Settings, name: string): number {
  const [value] = settings.numbers[name] ?? [];
  if (value === undefined) throw new Error(`${name} is not a numeric variable of this scenario`);
  return value;
}
