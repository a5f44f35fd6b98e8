import { runStyleMatrix } from './style-matrix.ts';

runStyleMatrix('redis');
