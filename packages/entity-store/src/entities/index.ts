export { createEntities, type Entities } from './store.ts';
export { type EntityService, type EntityServiceParts, entityServiceApp, runEntityService } from './validator.ts';
