import { testOutages } from './outages.ts';

testOutages('redis');
