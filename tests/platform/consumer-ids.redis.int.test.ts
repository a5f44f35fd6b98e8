import { testConsumerIds } from './consumer-ids.ts';

testConsumerIds('redis');
