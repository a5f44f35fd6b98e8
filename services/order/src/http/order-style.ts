import { HTTP_STYLES, type HttpStyle } from '@standing-order/contracts';
import { ProblemError } from '@standing-order/service-kit/http';
import type { Context } from 'hono';

export interface StyleSettings {
  /** The style of a request that names none. */
  readonly default: HttpStyle;
  /** Whether a request may name one. */
  readonly override: boolean;
}

const HEADER = 'Order-Style';

const isStyle = (name: string): name is HttpStyle => (HTTP_STYLES as readonly string[]).includes(name);

/** The style in which this request is handled: the header `Order-Style`, where that is allowed, or the default. */
export function styleOf(c: Context, settings: StyleSettings): HttpStyle {
  const name = c.req.header(HEADER);
  if (name === undefined) return settings.default;
  if (!settings.override) {
    throw new ProblemError('forbidden', {
      detail: 'a request cannot pick its style here; STYLE_OVERRIDE=allowed would let it',
      errors: [{ field: HEADER, detail: 'is not allowed' }],
    });
  }
  if (isStyle(name)) return name;
  throw new ProblemError('malformed-request', {
    errors: [{ field: HEADER, detail: `must be one of ${HTTP_STYLES.join(', ')}` }],
  });
}
