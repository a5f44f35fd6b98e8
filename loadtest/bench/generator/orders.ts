/** Ids and menus that every bench uses; the parent creates the entities, the generator orders from them. */
export const consumerId = (n: number): string => `bench-consumer-${n}`;
export const restaurantId = (n: number): string => `bench-restaurant-${n}`;

export const MENU = [
  { id: 'margherita', name: 'Pizza Margherita', price: 950, available: true },
  { id: 'tiramisu', name: 'Tiramisu', price: 550, available: true },
  { id: 'espresso', name: 'Espresso', price: 220, available: true },
] as const;

/** The n-th order: another consumer, restaurant and quantity each time. */
export const orderOf = (n: number, consumers: number, restaurants: number): object => ({
  consumerId: consumerId(n % consumers),
  restaurantId: restaurantId(n % restaurants),
  lines: [
    { itemId: MENU[0].id, quantity: 1 + (n % 7) },
    { itemId: MENU[1].id, quantity: 1 + (n % 5) },
  ],
});

/** A whole POST /orders for the n-th order. */
export function orderRequest(n: number, consumers: number, restaurants: number): string {
  const body = JSON.stringify(orderOf(n, consumers, restaurants));
  return `POST /orders HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** How many orders in a row differ from each other with these many consumers and restaurants; after that requests repeat (as new orders). */
export const DISTINCT = 4096;
