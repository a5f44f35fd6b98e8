export { createEntities, type Entities } from './entities.ts';
export { type EntityService, type EntityServiceParts, entityServiceApp, runEntityService } from './entity-service.ts';
