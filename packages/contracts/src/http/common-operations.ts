import { z } from 'zod';
import { ifNoneMatchHeader } from './headers.ts';
import type { Content, Operation } from './operation.ts';

const ready = z.object({ status: z.enum(['ready', 'not ready']), reasons: z.array(z.string()) });
const readiness = (example: object): Content => ({ name: 'Readiness', schema: ready, example });
const liveness: Content = {
  name: 'Liveness',
  schema: z.object({ status: z.literal('alive') }),
  example: { status: 'alive' },
};
const document: Content = {
  name: 'Document',
  schema: z.looseObject({ info: z.looseObject({ title: z.string(), version: z.string() }) }),
  example: { info: { title: 'Standing Order', version: '0.1.0' } },
};

const documentResponses: Operation['responses'] = {
  200: { description: 'The document.', headers: ['ETag'], content: document },
  304: { description: 'The document still has this ETag.', headers: ['ETag'] },
};

/** The operations of every service: health, metrics and documents. */
export const COMMON_OPERATIONS: readonly Operation[] = [
  {
    id: 'isAlive',
    method: 'get',
    path: '/healthz',
    access: 'anyone',
    tag: 'Service',
    summary: 'Liveness',
    responses: {
      200: { description: 'The process is alive.', content: liveness },
    },
  },
  {
    id: 'isReady',
    method: 'get',
    path: '/readyz',
    access: 'anyone',
    tag: 'Service',
    summary: 'Readiness',
    responses: {
      200: { description: 'The service is ready.', content: readiness({ status: 'ready', reasons: [] }) },
      503: {
        description: 'The service is not ready; the body has the reasons.',
        content: readiness({ status: 'not ready', reasons: ['the sidecar does not answer'] }),
      },
    },
  },
  {
    id: 'metrics',
    method: 'get',
    path: '/metrics',
    access: 'anyone',
    tag: 'Service',
    summary: 'Metrics',
    responses: {
      200: {
        description: 'The metrics of this replica in the text format of Prometheus.',
        content: {
          name: 'Metrics',
          type: 'text/plain',
          schema: z.string(),
          example: 'http_server_request_duration_count 1',
        },
      },
    },
  },
  {
    id: 'openapi',
    method: 'get',
    path: '/openapi.json',
    access: 'anyone',
    tag: 'Service',
    summary: 'This document (OpenAPI 3.1)',
    parameters: [ifNoneMatchHeader],
    responses: documentResponses,
  },
  {
    id: 'asyncapi',
    method: 'get',
    path: '/asyncapi.json',
    access: 'anyone',
    tag: 'Service',
    summary: 'Messages that the service sends and receives (AsyncAPI 3)',
    parameters: [ifNoneMatchHeader],
    responses: documentResponses,
  },
  {
    id: 'docs',
    method: 'get',
    path: '/docs',
    access: 'anyone',
    tag: 'Service',
    summary: 'This document as a web page',
    parameters: [ifNoneMatchHeader],
    responses: {
      200: {
        description: 'The page. Its scripts and style sheets come from this service, too.',
        headers: ['ETag'],
        content: { name: 'Page', type: 'text/html', schema: z.string(), example: '<!doctype html>' },
      },
      304: { description: 'The page still has this ETag.', headers: ['ETag'] },
    },
  },
  {
    id: 'docsFile',
    method: 'get',
    path: '/docs/{file}',
    access: 'anyone',
    tag: 'Service',
    summary: 'A file of the web page',
    parameters: [
      { name: 'file', in: 'path', description: 'Name of the file.', schema: z.string(), example: 'swagger-ui.css' },
      ifNoneMatchHeader,
    ],
    responses: {
      200: {
        description: 'A script or a style sheet.',
        headers: ['ETag'],
        content: { name: 'File', type: '*/*', schema: z.string(), example: '' },
      },
      304: { description: 'The file still has this ETag.', headers: ['ETag'] },
    },
  },
];
