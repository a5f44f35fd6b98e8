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
import { replyToCommands } from './command-handler.ts';
import { createEntities, type Entities } from './entities.ts';
import { type EntityRoutesOptions, entityRoutes } from './routes.ts';
import { validationRoute } from './validation-route.ts';

/** The commands that a service with entities can receive. */
export type CommandType = (typeof TOPICS)['consumer-commands' | 'restaurant-commands']['types'][number];

/** A command without its order and token. */
export type ValidationRequest<Type extends CommandType> = z.infer<ReturnType<typeof validationRequest<Type>>>;

/** A service that owns entities and validates orders against them: the parts in which such services differ. */
export interface EntityService<E extends { readonly id: string }, Type extends CommandType>
  extends Pick<EntityRoutesOptions<E>, 'path' | 'id' | 'request' | 'patch'> {
  /** The sender of its messages, as a URI reference: `/consumer`. */
  readonly source: string;
  readonly api: Api;
  /** The prefix of its entities' keys: `c:`. */
  readonly prefix: string;
  /** Parses a stored entity. */
  readonly schema: z.ZodType<E>;
  /** Whether a caller may read the entity with this id. Default: every caller may. */
  mayRead?(caller: Caller, id: string): boolean;
  readonly command: Type;
  /** The topic of its commands. */
  readonly commands: Topic;
  /** The topic on which it publishes changes of its entities. */
  readonly changes: AnnouncerOptions['topic'];
  /** The id of the entity that validates a request. */
  entityOf(request: ValidationRequest<Type>): string;
  /** The verdict, with the entity or without one: type and data of the reply. Pure. */
  validate(
    entity: E | undefined,
    request: ValidationRequest<Type>,
  ): { readonly type: MessageType; readonly data: object };
}

/** The parts of the application of an entity service. */
export interface EntityServiceParts<E> extends ServiceAppOptions {
  readonly entities: Entities<E>;
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly clock: Pick<Clock, 'wall'>;
  newId(): string;
}

/** The HTTP application of an entity service: its entities, their changes, and validations by request and by command. */
export function entityServiceApp<E extends { readonly id: string }, Type extends CommandType>(
  service: EntityService<E, Type>,
  { entities, sidecar, pubsub, clock, newId, ...options }: EntityServiceParts<E>,
): Hono {
  const { api, path, id, request, patch, mayRead, source, command, commands, entityOf, validate } = service;
  const app = createApp(options, api);
  entityRoutes(app, { path, id, entities, request, patch, newId, ...(mayRead && { mayRead }) });
  validationRoute(app, { entities, request: validationRequest(command), entityOf, validate });
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
