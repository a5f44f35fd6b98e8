import { testDeadLetters } from './dead-letters.ts';

testDeadLetters('redis');
