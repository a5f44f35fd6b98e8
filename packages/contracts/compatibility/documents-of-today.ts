import { APIS } from '../src/http/apis.ts';
import { asyncApiOf, openApiOf } from '../src/index.ts';
import type { AsyncApi, OpenApi } from './documents.ts';

/** What one service offers. */
export interface Documents {
  readonly openapi: OpenApi;
  readonly asyncapi: AsyncApi;
}

/** What every service offers today, as JSON has it. */
export function documentsOfToday(): Record<string, Documents> {
  const documents = Object.entries(APIS).map(([service, api]) => [
    service,
    { openapi: openApiOf(api, { auth: true }), asyncapi: asyncApiOf(api.service) },
  ]);
  return JSON.parse(JSON.stringify(Object.fromEntries(documents)));
}

/** Where the documents of the last version are, a file for each service. */
export const published = (service: string): URL => new URL(`published/${service}.json`, import.meta.url);
