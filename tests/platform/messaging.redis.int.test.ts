import { orderByMessage } from './messaging.ts';

orderByMessage('redis');
