import { orderByMessage } from './messaging.ts';

orderByMessage('kafka');
