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
const EVENT = `settled-${ID}`;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
const AT = '2026-11-22T09:00:00.000Z';

const hook = {
  id: ID,
  url: 'https://example.com/orders',
  events: ['order.validated'],
  description: 'the kitchen',
  createdAt: AT,
  status: 'enabled',
};
const webhook: Content = { name: 'Webhook', schema: webhookView, example: hook };

const id: Parameter = { name: 'id', in: 'path', description: "The webhook's id.", schema: webhookId, example: ID };
const seenVersion: Parameter = { ...ifMatchHeader, required: false };

const registering: readonly Operation[] = [
  {
    id: 'createWebhook',
    method: 'post',
    path: '/webhooks',
    access: 'admin',
    summary: 'Be told of settled orders',
    description:
      'Deliveries are signed as Standard Webhooks demands; the answer is the only one that shows the secret. An event may come ' +
      'more than once, always with the same `webhook-id`. Redirects are not followed, and only public addresses are called.',
    body: {
      name: 'WebhookRequest',
      schema: webhookRequest,
      example: { url: hook.url, events: hook.events, description: hook.description },
    },
    answers: {
      201: {
        description: 'It is told of every order that is settled from now on.',
        headers: ['Location', 'ETag'],
        content: { name: 'WebhookWithSecret', schema: webhookWithSecret, example: { ...hook, secret: SECRET } },
      },
    },
    problems: ['forbidden', 'unavailable', 'outcome-unknown'],
  },
  {
    id: 'listWebhooks',
    method: 'get',
    path: '/webhooks',
    access: 'admin',
    summary: 'All webhooks',
    answers: {
      200: {
        description: 'In the order in which they were registered.',
        content: { name: 'Webhooks', schema: webhookList, example: { webhooks: [hook] } },
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
    answers: {
      200: { description: 'As it is now.', headers: ['ETag'], content: webhook },
      304: { description: 'As it was when it had this ETag.' },
    },
    problems: ['unavailable'],
  },
  {
    id: 'deleteWebhook',
    method: 'delete',
    path: '/webhooks/{id}',
    access: 'admin',
    summary: 'Be told nothing any more',
    parameters: [id, seenVersion],
    answers: { 204: { description: 'It is gone, with all that was not delivered yet.' } },
    problems: ['precondition-failed', 'unavailable', 'outcome-unknown'],
  },
  {
    id: 'rotateSecret',
    method: 'post',
    path: '/webhooks/{id}/secret',
    access: 'admin',
    summary: 'Get a new secret',
    description: 'For a day deliveries are signed with the one before, too.',
    parameters: [id, seenVersion],
    answers: {
      200: {
        description: 'The new secret, shown only here.',
        content: { name: 'RotatedSecret', schema: rotatedSecret, example: { secret: SECRET, previousUntil: AT } },
      },
    },
    problems: ['precondition-failed', 'unavailable', 'outcome-unknown'],
  },
  {
    id: 'enableWebhook',
    method: 'post',
    path: '/webhooks/{id}/enable',
    access: 'admin',
    summary: 'Go on with a webhook that was disabled',
    description: 'What was open is tried again at once. What was settled while it was disabled is not told.',
    parameters: [id, seenVersion],
    answers: { 200: { description: 'It is enabled.', headers: ['ETag'], content: webhook } },
    problems: ['precondition-failed', 'unavailable', 'outcome-unknown'],
  },
];

const delivering: readonly Operation[] = [
  {
    id: 'listDeliveries',
    method: 'get',
    path: '/webhooks/{id}/deliveries',
    access: 'admin',
    summary: 'What became of its events',
    parameters: [id],
    answers: {
      200: {
        description: 'All that is open, by when it is tried next, and the newest 100 that are finished, newest first.',
        content: {
          name: 'Deliveries',
          schema: deliveryList,
          example: {
            open: [
              { eventId: EVENT, status: 'open', attempts: 2, at: AT, nextAt: AT, answered: 500, error: 'answered 500' },
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
    summary: 'Send one event again',
    parameters: [
      id,
      { name: 'eventId', in: 'path', description: 'As deliveries show it.', schema: webhookEventId, example: EVENT },
    ],
    answers: { 202: { description: 'It is sent again, at once if the webhook is enabled.', content: again(1) } },
    problems: ['unavailable', 'outcome-unknown'],
  },
  {
    id: 'redeliverFailed',
    method: 'post',
    path: '/webhooks/{id}/redeliver',
    access: 'admin',
    summary: 'Send every event again that was given up since a time',
    description: 'As far back as deliveries are kept, about 1,000 of them.',
    parameters: [id],
    body: { name: 'RedeliverRequest', schema: redeliverRequest, example: { failedSince: AT } },
    answers: {
      202: { description: 'How many are sent again, the oldest first, and how many are left.', content: again(7) },
    },
    problems: ['unavailable', 'outcome-unknown'],
  },
];

function again(count: number): Content {
  return { name: 'Redelivered', schema: redelivered, example: { redelivered: count, left: 0, status: 'enabled' } };
}

/** What the notification service offers. */
export const notificationApi: Api = {
  service: 'notification',
  title: 'Standing Order: webhooks',
  description: 'Tells whoever wants it of every order that is settled.',
  operations: [...registering, ...delivering],
};
