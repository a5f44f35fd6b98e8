// @module-tag kafka
// @module-tag java
import { testOutages } from './outages.ts';

testOutages('redis', 'kafka');
