/** Numbers of consumers and restaurants that the orders are spread over; the testbed creates them. */
export const CONSUMERS = 64;
export const RESTAURANTS = 16;
export const consumerId = (n: number): string => `bench-consumer-${n}`;
export const restaurantId = (n: number): string => `bench-restaurant-${n}`;

export const MENU = [
  { id: 'margherita', name: 'Pizza Margherita', price: 950, available: true },
  { id: 'tiramisu', name: 'Tiramisu', price: 550, available: true },
  { id: 'espresso', name: 'Espresso', price: 220, available: true },
] as const;

/** Bodies of distinct orders. Later requests repeat them, and each is stored as a new order. */
const ORDERS: readonly object[] = Array.from({ length: 4096 }, (_, n) => ({
  consumerId: consumerId(n % CONSUMERS),
  restaurantId: restaurantId(n % RESTAURANTS),
  lines: [
    { itemId: MENU[0].id, quantity: 1 + (n % 7) },
    { itemId: MENU[1].id, quantity: 1 + (n % 5) },
  ],
}));
const BODIES = ORDERS.map((order) => JSON.stringify(order));

/** The order with this request number. */
export const orderOf = (requestNumber: number): object => ORDERS[requestNumber % ORDERS.length] as object;

/** The same, as JSON. */
export const bodyOf = (requestNumber: number): string => BODIES[requestNumber % BODIES.length] as string;
