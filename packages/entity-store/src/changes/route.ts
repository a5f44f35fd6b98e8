import { type ChangesRequest, type ChangesResponse, changesRequest } from '@standing-order/contracts';
import { readJsonBody } from '@standing-order/service-kit/http';
import type { Hono } from 'hono';

/** The source of a pull. */
export interface ChangeSource<E> {
  changesSince(request: ChangesRequest): Promise<ChangesResponse<E>>;
}

/** Adds POST /changes: the changes after the cursors in the body. For other services, through their sidecars. */
export function changesRoute<E>(app: Hono, source: ChangeSource<E>): void {
  app.post('/changes', async (c) => c.json(await source.changesSince(await readJsonBody(c, changesRequest))));
}
