import { describe, expect, test } from 'vitest';
import { createClusterTestCommand, type Options } from './options.ts';

describe('the command line', () => {
  async function parse(args: readonly string[], appVersion = '1'): Promise<Options> {
    const parsed: Options[] = [];
    const command = createClusterTestCommand(appVersion, async (options) => void parsed.push(options));
    await command.configureOutput({ writeErr: () => {} }).parseAsync(args, { from: 'user' });
    const [options] = parsed;
    if (options === undefined) throw new Error('the action did not run');
    return options;
  }

  test('defaults to the image of the chart', async () => {
    await expect(parse([], '1.2.3')).resolves.toMatchObject({
      image: 'standing-order:1.2.3',
      full: false,
      testCluster: false,
    });
  });

  test('lists every invalid value', async () => {
    await expect(parse(['--within', '5', '--image', 'No:Tag:', '--k6-image', 'k6'])).rejects.toThrow(
      /--within.*\n--image.*\n--k6-image/,
    );
    await expect(parse(['--upgrade-from', '--all'])).rejects.toThrow(/--upgrade-from/);
    await expect(parse(['--wrong'])).rejects.toThrow(/--wrong/);
  });
});
