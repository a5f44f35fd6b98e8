// @module-tag kafka
// @module-tag java
import { orderByMessage } from './messaging.ts';

orderByMessage('kafka');
