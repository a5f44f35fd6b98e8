import { HTTP_STYLES, type HttpStyle } from '@standing-order/contracts';
import { ProblemError } from '@standing-order/service-kit/http';
import type { Context } from 'hono';

export interface StyleSettings {
  /** The style of a request without the header Order-Style. */
  readonly default: HttpStyle;
  /** Whether a request may choose its style. */
  readonly override: boolean;
}

const HEADER = 'Order-Style';

const isStyle = (name: string): name is HttpStyle => (HTTP_STYLES as readonly string[]).includes(name);

/** The style of a request: that of the header `Order-Style`, where it is allowed, or the default. */
export function styleOf(c: Context, settings: StyleSettings): HttpStyle {
  const name = c.req.header(HEADER);
  if (name === undefined) return settings.default;
  if (!settings.override) {
    throw new ProblemError('forbidden', {
      detail: `this deployment does not accept the header ${HEADER}; set STYLE_OVERRIDE=allowed to accept it`,
      errors: [{ field: HEADER, detail: 'is not allowed' }],
    });
  }
  if (isStyle(name)) return name;
  throw new ProblemError('malformed-request', {
    errors: [{ field: HEADER, detail: `must be one of ${HTTP_STYLES.join(', ')}` }],
  });
}
