import { z } from 'zod';
import { CHANGE_LANES, type changed, changesRequest, changesResponse } from '../changes.ts';
import { entityId } from '../ids.ts';
import type { MessageType } from '../messages.ts';
import { validationRequest, verdictSchema } from '../validations.ts';
import { ifMatchHeader } from './headers.ts';
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

/** What every service answers to whoever runs it, or wants to know what it offers. */
export const COMMON_OPERATIONS: readonly Operation[] = [
  {
    id: 'isAlive',
    method: 'get',
    path: '/healthz',
    access: 'anyone',
    summary: 'Is the process alive?',
    answers: {
      200: { description: 'It is.', content: liveness },
    },
  },
  {
    id: 'isReady',
    method: 'get',
    path: '/readyz',
    access: 'anyone',
    summary: 'Can it do its work?',
    answers: {
      200: { description: 'It can.', content: readiness({ status: 'ready', reasons: [] }) },
      503: {
        description: 'It cannot, and says why.',
        content: readiness({ status: 'not ready', reasons: ['the sidecar does not answer'] }),
      },
    },
  },
  {
    id: 'metrics',
    method: 'get',
    path: '/metrics',
    access: 'anyone',
    summary: 'Measurements, for Prometheus',
    answers: {
      200: {
        description: 'All of them.',
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
    summary: 'This document (OpenAPI 3.1)',
    answers: { 200: { description: 'The document.', content: document } },
  },
  {
    id: 'asyncapi',
    method: 'get',
    path: '/asyncapi.json',
    access: 'anyone',
    summary: 'What the service sends and receives as messages (AsyncAPI 3)',
    answers: { 200: { description: 'The document.', content: document } },
  },
  {
    id: 'docs',
    method: 'get',
    path: '/docs',
    access: 'anyone',
    summary: 'This document as a page',
    answers: {
      200: {
        description: 'The page. What it consists of comes from the service too.',
        content: { name: 'Page', type: 'text/html', schema: z.string(), example: '<!doctype html>' },
      },
    },
  },
  {
    id: 'docsFile',
    method: 'get',
    path: '/docs/{file}',
    access: 'anyone',
    summary: 'A part of the page',
    parameters: [{ name: 'file', in: 'path', description: 'Its name.', schema: z.string(), example: 'swagger-ui.css' }],
    answers: {
      200: {
        description: 'A script or a style sheet.',
        content: { name: 'File', type: '*/*', schema: z.string(), example: '' },
      },
    },
  },
];

/** What a kind of entity is made of, in words and schemas. */
export interface EntityContents {
  /** `consumer` */
  readonly name: string;
  readonly entity: Content;
  readonly request: Content;
  readonly patch: Content;
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** The three operations that an owner has for its entities. */
export function entityOperations({ name, entity, request, patch }: EntityContents): readonly Operation[] {
  const Name = capital(name);
  const id = { name: 'id', in: 'path', description: `The ${name}'s id.`, schema: entityId, example: 'demo' } as const;
  const shown = (description: string, ...more: 'Location'[]) => ({
    description,
    headers: ['ETag', ...more] as const,
    content: entity,
  });
  return [
    {
      id: `create${Name}`,
      method: 'post',
      path: `/${name}s`,
      access: 'admin',
      summary: `Create a ${name}`,
      description: 'Without an id it gets one.',
      body: request,
      answers: { 201: shown('It is stored.', 'Location') },
      problems: ['already-exists', 'unavailable', 'outcome-unknown'],
    },
    {
      id: `get${Name}`,
      method: 'get',
      path: `/${name}s/{id}`,
      access: 'client',
      summary: `Read a ${name}`,
      parameters: [id],
      answers: { 200: shown('As it is now.') },
      problems: ['unavailable', ...(name === 'consumer' ? (['forbidden'] as const) : [])],
    },
    {
      id: `change${Name}`,
      method: 'patch',
      path: `/${name}s/{id}`,
      access: 'admin',
      summary: `Change a ${name}`,
      description: 'What is left out stays as it is.',
      parameters: [id, ifMatchHeader],
      body: patch,
      answers: { 200: shown('It is changed.') },
      problems: ['precondition-failed', 'precondition-required', 'unavailable', 'outcome-unknown'],
    },
  ];
}

/** What an owner answers to the order service, through both sidecars. */
export function ownerOperations<Q extends MessageType, A extends MessageType>(
  { name, entity }: EntityContents,
  question: { readonly type: Q; readonly example: unknown },
  verdict: { readonly types: readonly A[]; readonly example: unknown },
  carried: Parameters<typeof changed>[0],
): readonly Operation[] {
  const Name = capital(name);
  return [
    {
      id: 'validate',
      method: 'post',
      path: '/validations',
      access: 'sidecar',
      summary: 'Ask for a verdict, at once and without an order',
      body: { name: 'Question', schema: validationRequest(question.type), example: question.example },
      answers: {
        200: {
          description: 'Yes or no: type and data of the message that would be the reply.',
          content: { name: 'Verdict', schema: verdictSchema(verdict.types), example: verdict.example },
        },
      },
      problems: ['unavailable'],
    },
    {
      id: 'changes',
      method: 'post',
      path: '/changes',
      access: 'sidecar',
      summary: `What has changed among the ${name}s`,
      body: {
        name: 'ChangesRequest',
        schema: changesRequest,
        example: { since: Array.from({ length: CHANGE_LANES }, () => ({ seq: 0 })) },
      },
      answers: {
        200: {
          description: 'News of each lane that has any.',
          content: {
            name: `${Name}Changes`,
            schema: changesResponse(carried),
            example: {
              lanes: [{ lane: 7, changes: [{ seq: 1, version: 1, entity: entity.example }], next: { seq: 1 } }],
              complete: true,
              reset: false,
            },
          },
        },
      },
      problems: ['unavailable'],
    },
  ];
}
