// An application that does nothing. The test calls the services through its sidecar.
import { createServer } from 'node:http';

createServer((_, response) => response.end()).listen(8080);
