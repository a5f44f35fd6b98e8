// @module-tag postgres
import { testOutages } from './outages.ts';

testOutages('postgresql');
