import {
  type Api,
  type CloudEvent,
  type Message,
  type MessageType,
  messageSchema,
  type TOPICS,
  type Topic,
  validationRequest,
} from '@standing-order/contracts';
import { createSidecarEnvironment, runSidecarService, type Sidecar, subscribe } from '@standing-order/dapr';
import { type Caller, createAuthenticate } from '@standing-order/service-kit/auth';
import { serviceConfig } from '@standing-order/service-kit/config';
import { createApp, type ServiceAppOptions } from '@standing-order/service-kit/http';
import type { Clock } from '@standing-order/service-kit/runtime';
import type { Hono } from 'hono';
import type { z } from 'zod';
import { type AnnouncerOptions, changesRoute, createAnnouncer } from '../changes/index.ts';
import { replyToCommands } from './answers.ts';
import { type EntityRoutesOptions, entityRoutes } from './routes.ts';
import { createEntities, type Entities } from './store.ts';
import { validationRoute } from './validations.ts';

/** What a validator can be asked. */
export type CommandType = (typeof TOPICS)['consumer-commands' | 'restaurant-commands']['types'][number];

/** A command's question: all of it but the order and the attempt that it is asked for. */
export type ValidationRequest<Type extends CommandType> = z.infer<ReturnType<typeof validationRequest<Type>>>;

/** A service that owns entities, and is asked about them before an order counts: all that one has of its own. */
export interface EntityService<E extends { readonly id: string }, Type extends CommandType>
  extends Pick<EntityRoutesOptions<E>, 'path' | 'request' | 'patch'> {
  /** Who it is in its messages, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly api: Api;
  /** What the keys of its entities start with: `c:`. */
  readonly prefix: string;
  /** How a stored entity is read. */
  readonly schema: z.ZodType<E>;
  /** Who may read the entity with this id; everybody, if it is not said. */
  mayRead?(caller: Caller, id: string): boolean;
  readonly command: Type;
  /** Where it is asked, and where it tells of changes. */
  readonly commands: Topic;
  readonly changes: AnnouncerOptions['topic'];
  /** Which entity a question is about. */
  entityOf(question: ValidationRequest<Type>): string;
  /** What the entity, or its absence, makes of it: type and data of the reply. Pure. */
  validate(
    entity: E | undefined,
    question: ValidationRequest<Type>,
  ): { readonly type: MessageType; readonly data: object };
}

export interface EntityServiceParts<E> extends ServiceAppOptions {
  readonly entities: Entities<E>;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  newId(): string;
}

/** Its HTTP side: its entities, what has changed in them, and what it is asked about them, directly and by message. */
export function entityServiceApp<E extends { readonly id: string }, Type extends CommandType>(
  validator: EntityService<E, Type>,
  { entities, sidecar, pubsub, clock, newId, ...options }: EntityServiceParts<E>,
): Hono {
  const { api, path, request, patch, mayRead, source, command, commands, entityOf, validate } = validator;
  const app = createApp(options, api);
  entityRoutes(app, { path, entities, request, patch, newId, ...(mayRead && { mayRead }) });
  validationRoute(app, { entities, question: validationRequest(command), entityOf, validate });
  changesRoute(app, entities);
  const requestOf = ({ data }: Message<CommandType>) => data as unknown as ValidationRequest<Type>;
  subscribe(app, {
    sidecar,
    pubsub,
    topic: commands,
    source,
    schema: messageSchema([command]) as unknown as z.ZodType<Message<CommandType> & CloudEvent>,
    handle: replyToCommands<Message<CommandType> & CloudEvent, E>({
      sidecar,
      pubsub,
      source,
      clock,
      entities,
      entityOf: (message) => entityOf(requestOf(message)),
      validate: (entity, message) => validate(entity, requestOf(message)),
    }),
  });
  return app;
}

/** Runs the service with its sidecar until SIGTERM or SIGINT. */
export function runEntityService<E extends { readonly id: string }, Type extends CommandType>(
  service: EntityService<E, Type>,
): void {
  const environment = createSidecarEnvironment(serviceConfig);
  const { config, sidecar, store, pubsub, clock, newId, appOptions } = environment;
  const { prefix, schema, changes: topic, source } = service;
  const announce = createAnnouncer({ sidecar, pubsub, topic, source, clock });
  const entities = createEntities({ store, prefix, schema, announce });
  const authenticate = createAuthenticate(config);
  runSidecarService(environment, {
    app: entityServiceApp(service, { entities, sidecar, pubsub, clock, newId, authenticate, ...appOptions }),
    start: entities.repair,
  });
}
