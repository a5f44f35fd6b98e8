import { testShare } from './seeds.ts';

testShare(0);
