export { createEntities, type Entities } from './store.ts';
export { runValidator, type Validator, type ValidatorParts, validatorApp } from './validator.ts';
