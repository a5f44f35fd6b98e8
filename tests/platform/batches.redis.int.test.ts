import { judgeEntries } from './batches.ts';

judgeEntries('redis');
