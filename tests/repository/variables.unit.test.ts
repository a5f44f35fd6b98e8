import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { notificationConfig } from '@standing-order/notification/config';
import { orderConfig } from '@standing-order/order/config';
import { serviceConfig } from '@standing-order/service-kit/config';
import { expect, test } from 'vitest';

const PAGE = await readFile(resolve(import.meta.dirname, '../../docs/running.md'), 'utf8');

const COMMON = Object.keys(serviceConfig.shape);
const addedBy = ({ shape }: { readonly shape: object }) => Object.keys(shape).filter((name) => !COMMON.includes(name));

test.each([
  ['the order service', ['Order service'], addedBy(orderConfig)],
  ['the notification service', ['Notification service'], addedBy(notificationConfig)],
  ['every service', ['Authentication', 'All services'], COMMON],
])('docs/running.md describes the variables of %s, and no others', (_, titles, variables) => {
  const text = titles.map(sectionOf).join('\n');
  expect(variables.filter((name) => !namesIn(text).includes(name.toUpperCase()))).toEqual([]);
  expect(describedIn(text).filter((name) => !variables.includes(name) && !isOfTelemetry(name))).toEqual([]);
});

/** OpenTelemetry reads its own variables; no schema has them. */
const isOfTelemetry = (name: string): boolean => name.startsWith('OTEL_');

/** The text below a heading of the third level, up to the next one. */
function sectionOf(title: string): string {
  const section = PAGE.split(/^### /mu).find((text) => text.startsWith(`${title}\n`));
  if (section === undefined) throw new Error(`docs/running.md has no section "${title}"`);
  return section;
}

const namesIn = (text: string): string[] => [...text.matchAll(/`([A-Z][A-Z0-9_]*)`/gu)].map(([, name = '']) => name);

/** The names in the first column of the tables. */
const describedIn = (text: string): string[] =>
  [...text.matchAll(/^\| (`[^|]*`) \|/gmu)].flatMap(([, cell = '']) => namesIn(cell));
