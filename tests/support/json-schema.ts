import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** A validator of the JSON schemas in OpenAPI and AsyncAPI documents. */
export const createAjv = () => addFormats.default(new Ajv2020.default({ allErrors: true, strict: false }));
