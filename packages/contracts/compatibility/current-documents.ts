import { asyncApiOf, openApiOf } from '../src/index.ts';
import { APIS } from './apis.ts';
import type { AsyncApi, OpenApi } from './compare-documents.ts';

/** The documents of one service. */
export interface ServiceDocuments {
  readonly openapi: OpenApi;
  readonly asyncapi: AsyncApi;
}

/** The current documents of every service, as JSON values. */
export function createCurrentDocuments(): Record<string, ServiceDocuments> {
  const documents = Object.entries(APIS).map(([service, api]) => [
    service,
    { openapi: openApiOf(api, { auth: true }), asyncapi: asyncApiOf(api.service) },
  ]);
  return JSON.parse(JSON.stringify(Object.fromEntries(documents)));
}

/** The file with the published documents of a service. */
export const publishedFile = (service: string): URL => new URL(`published/${service}.json`, import.meta.url);
