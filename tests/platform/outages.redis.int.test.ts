import { surviveOutages } from './outages.ts';

surviveOutages('redis');
