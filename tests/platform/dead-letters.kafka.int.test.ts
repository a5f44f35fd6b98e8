// @module-tag kafka
// @module-tag java
import { testDeadLetters } from './dead-letters.ts';

testDeadLetters('kafka');
