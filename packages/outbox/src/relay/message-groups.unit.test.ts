import { describe, expect, test } from 'vitest';
import { manualClock } from '../../test/parts.ts';
import { isMessageDue, MessageGroups } from './message-groups.ts';

describe('a group of 512 slots', () => {
  const slots = 512;

  test('sends single commands while few are unanswered', () => {
    for (const unanswered of [0, 3]) expect(isMessageDue({ sendable: 1, unanswered, slots })).toBe(true);
  });

  test('waits for a full message while more are unanswered', () => {
    expect(isMessageDue({ sendable: 1, unanswered: 4, slots })).toBe(false);
    expect(isMessageDue({ sendable: 63, unanswered: 4, slots })).toBe(false);
    expect(isMessageDue({ sendable: 64, unanswered: 448, slots })).toBe(true);
  });

  test('has nothing to send without commands', () => {
    expect(isMessageDue({ sendable: 0, unanswered: 0, slots })).toBe(false);
  });
});

test('half of the windows is enough for a message where they hold less than two', () => {
  expect(isMessageDue({ sendable: 31, unanswered: 32, slots: 64 })).toBe(false);
  expect(isMessageDue({ sendable: 32, unanswered: 32, slots: 64 })).toBe(true);
});

test('lanes of one name are released together, and lanes without a name immediately', () => {
  const released: number[] = [];
  const groups = new MessageGroups({
    clock: manualClock(),
    fillMs: 200,
    lanes: 5,
    groupOf: (lane) => (lane === 4 ? undefined : String(lane % 2)),
    loadOf: () => ({ sendable: 1, unanswered: 0, slots: 64 }),
    release: (lane) => released.push(lane),
    flush: () => {},
  });
  groups.changed(0);
  groups.changed(4);
  expect(released).toEqual([4]);
  groups.releaseDue();
  expect(released).toEqual([4, 0, 2]);
});
