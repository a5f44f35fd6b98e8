/** A stand-in for a service: answers health checks, accepts every message and returns the number of messages. */
import { createServer, type IncomingMessage } from 'node:http';

let taken = 0;

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

const server = createServer(async (request, response) => {
  const text = await textOf(request);
  response.setHeader('content-type', 'application/json');
  if (request.method === 'POST') {
    // Dapr delivers in bulk only what a subscription wants in bulk.
    const { entries } = JSON.parse(text) as { entries?: { entryId: string }[] };
    taken += entries?.length ?? 1;
    const statuses = entries?.map(({ entryId }) => ({ entryId, status: 'SUCCESS' }));
    response.end(JSON.stringify(statuses ? { statuses } : { status: 'SUCCESS' }));
    return;
  }
  response.end(JSON.stringify({ taken }));
});
server.listen(Number(process.env.PORT), process.env.HOST);
process.once('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
