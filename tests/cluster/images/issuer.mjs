// A stand-in for an issuer of tokens: shows the keys that lie beside it.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const keys = readFileSync(new URL('keys.json', import.meta.url));

createServer((_, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(keys);
}).listen(8080);
