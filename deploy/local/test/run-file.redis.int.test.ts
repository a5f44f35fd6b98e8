import { runFromFile } from './run-file.ts';

runFromFile('redis');
