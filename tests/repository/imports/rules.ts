import type { IForbiddenRuleType } from 'dependency-cruiser';

/** The packages, from the top down: each may import those after it. `testing` is beside the list: tests import it. */
export const PACKAGES = ['order-client', 'entity-store', 'dapr', 'service-kit', 'rules', 'contracts', 'outbox'];
/** The folders of the order service, from the top down. */
const ORDER_FOLDERS = ['http', 'messaging', 'outbox', 'styles', 'updates', 'order-lists', 'local-copies', 'domain'];

const TEST_CODE = String.raw`\.test\.ts$|^(?:packages|services|deploy)/[^/]+/(?:test|simulation)/|^tests/|^packages/testing/`;

/** The import rules of the repository. */
export const IMPORT_RULES: IForbiddenRuleType[] = [
  ...pointDown('package-order', 'packages/', PACKAGES),
  ...pointDown('order-service-folders', 'services/order/src/', ORDER_FOLDERS, { pathNot: TEST_CODE }),
  {
    name: 'order-service-entry',
    comment: 'app.ts and main.ts assemble the order service. Its folders do not import them.',
    from: { path: '^services/order/src/[^/]+/', pathNot: TEST_CODE },
    to: { path: String.raw`^services/order/src/(?:app|main)\.ts$` },
  },
  {
    name: 'outbox-without-dependencies',
    comment:
      'The outbox runs on any store and in the simulation, so it imports no package, no library and no module of Node.',
    from: { path: '^packages/outbox/src/', pathNot: TEST_CODE },
    to: { pathNot: '^packages/outbox/src/' },
  },
  {
    name: 'packages-below-services',
    comment:
      'A package is usable without the services, the deployment, the load tests and the tests of this repository.',
    from: { path: '^packages/', pathNot: `${TEST_CODE}|^packages/(?:order-client/example|contracts/compatibility)/` },
    to: { path: '^(?:services|deploy|loadtest|tests)/' },
  },
  {
    name: 'tests-of-packages',
    comment:
      'Tests, examples and commands of a package may use deploy/local and deploy/tools, and import no more of the repository.',
    from: { path: '^packages/' },
    to: { path: '^(?:services|loadtest|tests|deploy/(?!local/|tools/))' },
  },
  {
    name: 'services-apart',
    comment:
      'Each service is built and versioned on its own. Shared code belongs in packages/, shared rules in packages/rules.',
    from: { path: '^services/([^/]+)/' },
    to: { path: '^services/', pathNot: '^services/$1/' },
  },
  {
    name: 'services-import-packages',
    comment: 'A service imports packages only. The image has no deployment code, no load tests and no tests.',
    from: { path: '^services/' },
    to: { path: '^(?:deploy|loadtest|tests)/' },
  },
  {
    name: 'deploy-alone',
    comment: 'deploy/ starts services as processes. It imports neither their source nor load tests or tests.',
    from: { path: '^deploy/' },
    to: { path: '^(?:services|loadtest|tests)/' },
  },
  {
    name: 'tools-first',
    comment: 'deploy/tools finds and builds programs before all else, so it imports no other part of the repository.',
    from: { path: '^deploy/tools/' },
    to: { path: '^(?:packages|services|loadtest|tests|deploy/(?!tools/))' },
  },
  {
    name: 'loadtest-below-tests',
    comment: 'The cluster test uses the load tests, not the other way round.',
    from: { path: '^loadtest/' },
    to: { path: '^tests/' },
  },
  {
    name: 'checker-independent',
    comment:
      'The checker judges the orders that the services stored. A shared module would share its defects with the checker.',
    from: { path: '^loadtest/(?:checker|scenarios)/' },
    to: { path: '^(?:packages|services)/' },
  },
  {
    name: 'production-without-test-code',
    comment: 'Test doubles and tests are not in the image.',
    from: { path: '^(?:packages|services|deploy|loadtest)/', pathNot: TEST_CODE },
    to: { path: TEST_CODE },
  },
  {
    name: 'packages-by-name',
    comment:
      'A package and a service are imported by their names, so that `exports` in package.json lists the public modules.',
    from: { path: '^((?:packages|services)/[^/]+|[^/]+)/' },
    to: { path: '^(?:packages|services)/', pathNot: '^$1/', dependencyTypes: ['local'] },
  },
  {
    name: 'not-found',
    comment: 'An import that leads to no file cannot be checked.',
    from: {},
    to: { path: String.raw`^(?:\.|@standing-order/)`, couldNotResolve: true },
  },
  {
    name: 'no-cycle',
    comment: 'Files that import each other can only be understood and tested together.',
    from: {},
    to: { circular: true },
  },
].map((rule) => ({ ...rule, severity: 'error' }) as IForbiddenRuleType);

/** One rule for each folder of a list: it imports none of the folders before it. */
function pointDown(name: string, root: string, folders: readonly string[], exception = {}) {
  return folders.slice(1).map((folder, index) => ({
    name: `${name}: ${folder}`,
    comment: `Imports in ${root} point down this list: ${folders.join(' > ')}.`,
    from: { path: `^${root}${folder}/`, ...exception },
    to: { path: `^${root}(?:${folders.slice(0, index + 1).join('|')})/` },
  }));
}
