// A stand-in for a token issuer: serves the public keys in the file beside it.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const keys = readFileSync(new URL('keys.json', import.meta.url));

createServer((_, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(keys);
}).listen(8080);
