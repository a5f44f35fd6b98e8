import { type NewOrder, newOrder, type Pending } from '../src/domain/order.ts';

/** A pending order of one pizza, placed at time 0, with these differences. */
export const sampleOrder = (differences: Partial<NewOrder> = {}): Pending =>
  newOrder({
    id: '01890a5d-ac96-774b-bcce-000000000001',
    nonce: 'n',
    fingerprint: '1:x',
    client: 'anonymous',
    request: { consumerId: 'ada', restaurantId: 'trattoria', lines: [{ itemId: 'pizza', quantity: 1 }] },
    now: 0,
    ...differences,
  });
