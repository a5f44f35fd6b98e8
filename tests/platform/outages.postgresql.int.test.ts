// @module-tag postgres
import { surviveOutages } from './outages.ts';

surviveOutages('postgresql');
