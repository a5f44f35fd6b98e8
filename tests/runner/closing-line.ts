import { relative } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule, Vitest } from 'vitest/node';

/** One failure, and the command that repeats only it. */
interface Failure {
  readonly name: string;
  readonly command: string;
}

/**
 * Prints every failure with the command that repeats it, then `N passed, N failed, N skipped` alone on the last line.
 * These count as failures too: a file that cannot be loaded, an error outside of any test, and, in a run that is not
 * narrowed to files, names or tags, a project of which no test was executed.
 */
export class ClosingLine implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const failures = [
      ...tests.filter((test) => test.result().state === 'failed').map((test) => this.#failedTest(test)),
      ...modules.filter(isBroken).map((module) => this.#failedModule(module)),
      ...this.#emptyProjects(tests),
    ];
    if (failures.length === 0 && !tests.some(isExecuted)) {
      failures.push({ name: 'no test was executed', command: 'npm test -- --help' });
    }
    if (unhandled.length > 0) failures.push({ name: 'an error outside of any test, see above', command: 'npm test' });
    const lines = failures.flatMap(({ name, command }) => [`failed: ${name}`, `        ${command}`]);
    lines.push(`${count('passed')} passed, ${failures.length} failed, ${count('skipped')} skipped`);
    console.log(lines.join('\n'));
    // Vitest is content with a run in which no test was executed.
    if (failures.length > 0) process.exitCode = 1;
  }

  #path({ moduleId }: TestModule): string {
    return relative(this.#vitest?.config.root ?? '', moduleId);
  }

  #failedModule(module: TestModule): Failure {
    const path = this.#path(module);
    return { name: path, command: `npm test -- --project ${module.project.name} ${path}` };
  }

  #failedTest(test: TestCase): Failure {
    const { name, command } = this.#failedModule(test.module);
    const pattern = test.fullName
      .replaceAll(' > ', ' ')
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll("'", '.');
    return { name: `${name} > ${test.fullName}`, command: `${command} -t '${pattern}'` };
  }

  #emptyProjects(tests: readonly TestCase[]): Failure[] {
    if (this.#vitest === undefined) return [];
    const { projects, config } = this.#vitest;
    // Vitest keeps the FILE arguments of its command line in a field that its types do not show.
    const { filenamePattern } = this.#vitest as { filenamePattern?: readonly string[] };
    if (filenamePattern?.length || config.testNamePattern || config.tagsFilter?.length) return [];
    const executed = new Set(tests.filter(isExecuted).map(({ project }) => project.name));
    return projects
      .filter(({ name }) => !executed.has(name))
      .map(({ name }) => ({ name: `${name}: no test was executed`, command: `npm test -- --project ${name}` }));
  }
}

const isExecuted = (test: TestCase): boolean => test.result().state !== 'skipped';

/** True for a file that failed although none of its tests did: it cannot be loaded, or one of its hooks failed. */
function isBroken(module: TestModule): boolean {
  return module.state() === 'failed' && ![...module.children.allTests('failed')].length;
}
