import type { z } from 'zod';
import { CHANGE_LANES, type changed, changesRequest, changesResponse } from '../changes.ts';
import type { MessageType } from '../messages.ts';
import { validationRequest, verdictSchema } from '../validations.ts';
import { ifMatchHeader } from './headers.ts';
import type { Content, Operation } from './operation.ts';

/** The schemas of a kind of entity. */
export interface EntityContents {
  /** `consumer` */
  readonly name: string;
  /** Of the entity's id. */
  readonly id: z.ZodType<string>;
  readonly entity: Content;
  readonly request: Content;
  readonly patch: Content;
}

const capitalize = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** The operations of a service for its entities: create, read, change. */
export function entityOperations({ name, id: schema, entity, request, patch }: EntityContents): readonly Operation[] {
  const Name = capitalize(name);
  const id = { name: 'id', in: 'path', description: `The ${name}'s id.`, schema, example: 'demo' } as const;
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
      description: 'Without an id in the body, the service generates one.',
      body: request,
      responses: { 201: shown(`The ${name} was created.`, 'Location') },
      problems: ['already-exists', 'unavailable', 'outcome-unknown'],
    },
    {
      id: `get${Name}`,
      method: 'get',
      path: `/${name}s/{id}`,
      access: 'client',
      summary: `Read a ${name}`,
      parameters: [id],
      responses: { 200: shown(`The current ${name}.`) },
      problems: ['unavailable', ...(name === 'consumer' ? (['forbidden'] as const) : [])],
    },
    {
      id: `change${Name}`,
      method: 'patch',
      path: `/${name}s/{id}`,
      access: 'admin',
      summary: `Change a ${name}`,
      description: 'Fields that are absent stay as they are.',
      parameters: [id, ifMatchHeader],
      body: patch,
      responses: { 200: shown(`The changed ${name}.`) },
      problems: ['unavailable', 'outcome-unknown'],
    },
  ];
}

/** The operations for the order service, called through both sidecars: validation, and changes of the entities. */
export function ownerOperations<C extends MessageType, V extends MessageType>(
  { name, entity }: EntityContents,
  command: { readonly type: C; readonly example: unknown },
  verdict: { readonly types: readonly V[]; readonly example: unknown },
  carried: Parameters<typeof changed>[0],
): readonly Operation[] {
  const Name = capitalize(name);
  return [
    {
      id: 'validate',
      method: 'post',
      path: '/validations',
      access: 'sidecar',
      tag: 'Other services',
      summary: 'Validate synchronously, without an order',
      body: { name: 'Question', schema: validationRequest(command.type), example: command.example },
      responses: {
        200: {
          description: 'The verdict, positive or negative: type and data of the message that would be the reply.',
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
      tag: 'Other services',
      summary: `Changes of ${name}s since a cursor`,
      body: {
        name: 'ChangesRequest',
        schema: changesRequest,
        example: { since: Array.from({ length: CHANGE_LANES }, () => ({ seq: 0 })) },
      },
      responses: {
        200: {
          description: 'The changes of each lane that has any.',
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
