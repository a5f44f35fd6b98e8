export { type AnswerOptions, answerCommands } from './answers.ts';
export { type EntityRoutesOptions, entityRoutes } from './routes.ts';
export {
  type Changed,
  type Created,
  createEntities,
  type Entities,
  type OwnedEntities,
  type Versioned,
} from './store.ts';
export { type ValidationRouteOptions, validationRoute } from './validations.ts';
