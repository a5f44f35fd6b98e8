import { describe, expect, it } from 'vitest';
import { parseResponse } from './response.ts';

const PLAIN = 'HTTP/1.1 202 Accepted\r\nLocation: /orders/1\r\nContent-Length: 4\r\n\r\nabcd';
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';

describe('parseResponse', () => {
  it('reads status, location, body and where it ends', () => {
    expect(parseResponse(`${PLAIN}HTTP/1.1 500`)).toEqual({
      status: 202,
      location: '/orders/1',
      body: 'abcd',
      keepAlive: true,
      length: PLAIN.length,
    });
  });

  it('joins chunks', () => {
    expect(parseResponse(CHUNKED)).toMatchObject({ status: 200, body: 'abcde', length: CHUNKED.length });
  });

  it('takes a response without a body', () => {
    expect(parseResponse('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n')).toMatchObject({
      status: 204,
      body: '',
      keepAlive: false,
    });
  });

  it('waits while any byte is missing', () => {
    for (const whole of [PLAIN, CHUNKED]) {
      for (let cut = 0; cut < whole.length; cut++) expect(parseResponse(whole.slice(0, cut))).toBeUndefined();
    }
  });

  it('refuses what is no response', () => {
    expect(() => parseResponse('SSH-2.0\r\n\r\n')).toThrow('no HTTP/1.1 response');
  });
});
