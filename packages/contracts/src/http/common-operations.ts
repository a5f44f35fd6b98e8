import { z } from 'zod';
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
    responses: { 200: { description: 'The document.', content: document } },
  },
  {
    id: 'asyncapi',
    method: 'get',
    path: '/asyncapi.json',
    access: 'anyone',
    tag: 'Service',
    summary: 'Messages that the service sends and receives (AsyncAPI 3)',
    responses: { 200: { description: 'The document.', content: document } },
  },
  {
    id: 'docs',
    method: 'get',
    path: '/docs',
    access: 'anyone',
    tag: 'Service',
    summary: 'This document as a web page',
    responses: {
      200: {
        description: 'The page. Its scripts and style sheets come from this service, too.',
        content: { name: 'Page', type: 'text/html', schema: z.string(), example: '<!doctype html>' },
      },
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
    ],
    responses: {
      200: {
        description: 'A script or a style sheet.',
        content: { name: 'File', type: '*/*', schema: z.string(), example: '' },
      },
    },
  },
];
