import {
  deliveryList,
  redelivered,
  redeliverRequest,
  rotatedSecret,
  webhookEventId,
  webhookId,
  webhookList,
  webhookRequest,
  webhookView,
  webhookWithSecret,
} from '../webhooks.ts';
import { ifMatchHeader, ifNoneMatchHeader } from './headers.ts';
import type { Api, Content, Operation, Parameter } from './operation.ts';

const ID = '018f3c9e-7b1a-7c3d-8e4f-0123456789ab';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
const AT = '2026-11-22T09:00:00.000Z';
const EVENT = `settled-${ID}-${Date.parse(AT)}`;

const endpoint = {
  id: ID,
  url: 'https://example.com/orders',
  events: ['order.validated'],
  description: 'the kitchen',
  createdAt: AT,
  status: 'enabled',
};
const webhook: Content = { name: 'Webhook', schema: webhookView, example: endpoint };

const id: Parameter = { name: 'id', in: 'path', description: "The webhook's id.", schema: webhookId, example: ID };
const optionalIfMatch: Parameter = { ...ifMatchHeader, required: false };

const registration: readonly Operation[] = [
  {
    id: 'createWebhook',
    method: 'post',
    path: '/webhooks',
    access: 'admin',
    summary: 'Register a webhook',
    description:
      'The service posts an event for every decided order, signed according to Standard Webhooks. Only this response contains the ' +
      'secret. An event may be delivered more than once, always with the same `webhook-id`. Redirects are not followed, and only ' +
      'public addresses are called.',
    body: {
      name: 'WebhookRequest',
      schema: webhookRequest,
      example: { url: endpoint.url, events: endpoint.events, description: endpoint.description },
    },
    responses: {
      201: {
        description: 'The webhook was registered. It receives every order that is decided from now on.',
        headers: ['Location', 'ETag'],
        content: { name: 'WebhookWithSecret', schema: webhookWithSecret, example: { ...endpoint, secret: SECRET } },
      },
    },
    problems: ['forbidden', 'unavailable', 'outcome-unknown'],
  },
  {
    id: 'listWebhooks',
    method: 'get',
    path: '/webhooks',
    access: 'admin',
    summary: 'List the webhooks',
    responses: {
      200: {
        description: 'All webhooks, in the order of their registration.',
        content: { name: 'Webhooks', schema: webhookList, example: { webhooks: [endpoint] } },
      },
    },
    problems: ['unavailable'],
  },
  {
    id: 'getWebhook',
    method: 'get',
    path: '/webhooks/{id}',
    access: 'admin',
    summary: 'Read a webhook',
    parameters: [id, ifNoneMatchHeader],
    responses: {
      200: { description: 'The current webhook.', headers: ['ETag'], content: webhook },
      304: { description: 'The webhook still has this ETag.' },
    },
    problems: ['unavailable'],
  },
  {
    id: 'deleteWebhook',
    method: 'delete',
    path: '/webhooks/{id}',
    access: 'admin',
    summary: 'Delete a webhook',
    parameters: [id, optionalIfMatch],
    responses: { 204: { description: 'The webhook was deleted, with its undelivered events.' } },
    problems: ['unavailable', 'outcome-unknown'],
  },
  {
    id: 'rotateSecret',
    method: 'post',
    path: '/webhooks/{id}/secret',
    access: 'admin',
    summary: 'Rotate the secret',
    description: 'For one day, deliveries are also signed with the previous secret.',
    parameters: [id, optionalIfMatch],
    responses: {
      200: {
        description: 'The new secret, which only this response contains.',
        content: { name: 'RotatedSecret', schema: rotatedSecret, example: { secret: SECRET, previousUntil: AT } },
      },
    },
    problems: ['unavailable', 'outcome-unknown'],
  },
  {
    id: 'enableWebhook',
    method: 'post',
    path: '/webhooks/{id}/enable',
    access: 'admin',
    summary: 'Enable a disabled webhook',
    description:
      'Open deliveries are attempted again at once. Orders that were decided while the webhook was disabled are not delivered.',
    parameters: [id, optionalIfMatch],
    responses: { 200: { description: 'The webhook is enabled.', headers: ['ETag'], content: webhook } },
    problems: ['unavailable', 'outcome-unknown'],
  },
];

const deliveries: readonly Operation[] = [
  {
    id: 'listDeliveries',
    method: 'get',
    path: '/webhooks/{id}/deliveries',
    access: 'admin',
    summary: 'List the deliveries of a webhook',
    parameters: [id],
    responses: {
      200: {
        description:
          'All open deliveries by the time of their next attempt, and the newest 100 finished ones, newest first.',
        content: {
          name: 'Deliveries',
          schema: deliveryList,
          example: {
            open: [
              {
                eventId: EVENT,
                status: 'open',
                attempts: 2,
                at: AT,
                nextAt: AT,
                answered: 500,
                error: 'response status 500',
              },
            ],
            finished: [{ eventId: EVENT, status: 'delivered', attempts: 1, at: AT, answered: 204 }],
          },
        },
      },
    },
    problems: ['unavailable'],
  },
  {
    id: 'redeliver',
    method: 'post',
    path: '/webhooks/{id}/deliveries/{eventId}/redeliver',
    access: 'admin',
    summary: 'Redeliver an event',
    parameters: [
      id,
      {
        name: 'eventId',
        in: 'path',
        description: 'Id of the event, as listed in the deliveries.',
        schema: webhookEventId,
        example: EVENT,
      },
    ],
    responses: {
      202: {
        description: 'The event is sent again: at once, or when the webhook is enabled.',
        content: redeliveryResult(1),
      },
    },
    problems: ['unavailable', 'outcome-unknown'],
  },
  {
    id: 'redeliverFailed',
    method: 'post',
    path: '/webhooks/{id}/redeliver',
    access: 'admin',
    summary: 'Redeliver all events that failed since a time',
    description: 'Covers the deliveries that are kept, about 1,000.',
    parameters: [id],
    body: { name: 'RedeliverRequest', schema: redeliverRequest, example: { failedSince: AT } },
    responses: {
      202: {
        description: 'The number of events that are sent again, oldest first, and of those that are left.',
        content: redeliveryResult(7),
      },
    },
    problems: ['unavailable', 'outcome-unknown'],
  },
];

function redeliveryResult(count: number): Content {
  return { name: 'Redelivered', schema: redelivered, example: { redelivered: count, left: 0, status: 'enabled' } };
}

/** The HTTP API of the notification service. */
export const notificationApi: Api = {
  service: 'notification',
  title: 'Standing Order: webhooks',
  tag: 'Webhooks',
  description: 'Webhooks that receive an event for every decided order.',
  operations: [...registration, ...deliveries],
};
