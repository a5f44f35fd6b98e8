// @module-tag postgres
import { runFromFile } from './run-file.ts';

runFromFile('postgresql');
