// @module-tag kafka
// @module-tag java
import { runStyleMatrix } from './style-matrix.ts';

runStyleMatrix('kafka');
