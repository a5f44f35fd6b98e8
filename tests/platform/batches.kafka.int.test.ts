// @module-tag kafka
// @module-tag java
import { judgeEntries } from './batches.ts';

judgeEntries('kafka');
