/**
 * The load of a lab run: the styles side by side, each at the same arrival rate. Each order asks two questions: is it answered
 * usefully within a second, and is its decision known within five? Variables: RUN (the consumer and the restaurant), RATE per style,
 * SECONDS, ORDER_URLS (with commas), CLIENT_URL (the message client; empty: without messaging). The log is described in log.ts.
 */
import { sleep } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import type { SentLine } from '../../scenarios/lib/log.ts';
import { linesOf } from '../../scenarios/lib/request-number.ts';
import { type Answer, answerTo, decisionIn, type Expectation, STYLES, type Style } from './answers.ts';
import { ANSWER_WITHIN_MS, DECIDED_WITHIN_MS, type LabLine, REJECTED_EVERY } from './log.ts';

/** A client asks another replica when one does not respond in this time. */
const ATTEMPT_MS = 450;
const POLL_SECONDS = 0.25;
const GRACE_SECONDS = 20;

const { RUN = '', RATE = '10', SECONDS = '40', ORDER_URLS = '', CLIENT_URL = '' } = __ENV;
const orderUrls = ORDER_URLS.split(',');
const offered = STYLES.filter((style) => style !== 'messaging' || CLIENT_URL !== '');
const vus = Math.ceil((Number(RATE) * DECIDED_WITHIN_MS) / 1_000) + 20;

export const options = {
  scenarios: Object.fromEntries(
    offered.map((style) => [
      style,
      {
        executor: 'constant-arrival-rate',
        duration: `${SECONDS}s`,
        rate: Number(RATE),
        timeUnit: '1s',
        preAllocatedVUs: vus,
        maxVUs: 2 * vus,
        gracefulStop: `${DECIDED_WITHIN_MS / 1_000 + GRACE_SECONDS}s`,
      },
    ]),
  ),
  summaryTrendStats: ['max'],
};

const K6_TYPE = { 'content-type': 'application/json' };
const fieldsOf = ({ status, body, error_code: errorCode, error }: http.Response) => ({
  status,
  body,
  errorCode,
  error,
});

/** Sends the order, at another replica if one does not respond or cannot store it. */
function place(style: Style, key: string, order: object, expectation: Expectation, at: number) {
  const urls = style === 'messaging' ? [CLIENT_URL] : orderUrls;
  const first = Math.floor(Math.random() * urls.length);
  const path = style === 'messaging' ? JSON.stringify({ id: key, order }) : JSON.stringify(order);
  let answer: Answer = { kind: 'unknown', error: 'not sent' };
  let mayBeStored = false;
  let attempts = 0;
  for (; attempts < urls.length; attempts++) {
    const left = at + ANSWER_WITHIN_MS - Date.now();
    if (left <= 0) break;
    const last = attempts === urls.length - 1;
    const url = urls[(first + attempts) % urls.length];
    const headers = { ...K6_TYPE, 'idempotency-key': key, ...(style !== 'messaging' && { 'order-style': style }) };
    const response = http.post(`${url}/orders`, path, { headers, timeout: last ? left : Math.min(left, ATTEMPT_MS) });
    answer = answerTo(fieldsOf(response), expectation);
    mayBeStored ||= answer.kind === 'unknown';
    if (answer.kind !== 'unknown' && answer.kind !== 'refused')
      return { answer, attempts: attempts + 1, url, mayBeStored };
  }
  return { answer, attempts, url: urls[first], mayBeStored };
}

/** Reads the order, wherever it can be read, until it is decided or the time is over. */
function awaitDecision(
  style: Style,
  id: string,
  url: string,
  expectation: Expectation,
  at: number,
): Answer | undefined {
  const urls = style === 'messaging' ? [CLIENT_URL] : [url, ...orderUrls.filter((other) => other !== url)];
  for (let turn = 0; ; turn++) {
    const left = at + DECIDED_WITHIN_MS - Date.now();
    if (left <= 0) return undefined;
    const wait = Math.ceil(Math.min(left, 2_000) / 1_000);
    const response = http.get(`${urls[turn % urls.length]}/orders/${id}`, {
      headers: { prefer: `wait=${wait}` },
      timeout: Math.min(left, 1_000 * wait + 500),
      tags: { name: 'order' },
    });
    const found = decisionIn(fieldsOf(response), expectation);
    if (found !== undefined) return found;
    sleep(POLL_SECONDS);
  }
}

export default function order(): void {
  const style = exec.scenario.name as Style;
  const requestNumber = exec.scenario.iterationInTest * STYLES.length + STYLES.indexOf(style);
  const key = `${RUN}-${requestNumber}`;
  const rejected = exec.scenario.iterationInTest % REJECTED_EVERY === REJECTED_EVERY - 1;
  const lines = linesOf(requestNumber);
  const expectation: Expectation = {
    status: rejected ? 'REJECTED' : 'VALIDATED',
    total: lines.reduce((sum, { quantity }) => sum + quantity, 0),
  };
  const at = Date.now();
  const sent: SentLine = { type: 'sent', run: RUN, phase: style, requestNumber, key, at };
  console.log(JSON.stringify(sent));

  const placed = place(
    style,
    key,
    { consumerId: RUN, restaurantId: rejected ? `${RUN}-closed` : RUN, lines },
    expectation,
    at,
  );
  const { answer, attempts, url = '', mayBeStored } = placed;
  const ms = Date.now() - at;
  const isUseful = answer.kind === 'acknowledged' || answer.kind === 'decided';
  const known = answer.kind === 'acknowledged' ? awaitDecision(style, answer.id, url, expectation, at) : answer;
  const decidedMs = Date.now() - at;
  const stored = answer.kind === 'acknowledged' || (answer.kind === 'decided' && answer.id !== undefined);
  const wrong = [answer, known].find((each) => each?.kind === 'wrong');
  const line: LabLine = {
    ...sent,
    type: 'order',
    phase: style,
    ms,
    status: 0,
    outcome: stored ? 'ok' : mayBeStored || answer.kind === 'wrong' ? 'unknown' : 'fail',
    expected: expectation.status,
    attempts,
    ...(stored && style !== 'messaging' && 'id' in answer && { id: answer.id }),
    ...(isUseful && ms <= ANSWER_WITHIN_MS && { answeredMs: ms }),
    ...(known?.kind === 'decided' && decidedMs <= DECIDED_WITHIN_MS && { decidedMs }),
    ...('error' in answer && { error: answer.error }),
    ...(wrong !== undefined && 'error' in wrong && { wrong: wrong.error }),
  };
  console.log(JSON.stringify(line));
}
