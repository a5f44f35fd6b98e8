// @module-tag postgres
import { testConsumerIds } from './consumer-ids.ts';

testConsumerIds('postgresql');
