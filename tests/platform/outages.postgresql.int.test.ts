import { surviveOutages } from './outages.ts';

surviveOutages('postgresql');
